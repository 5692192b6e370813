/// An instant as a Gregorian date and a time of day in UTC.
package struct CivilTime: Sendable, Equatable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int
    /// 0 (Sunday) to 6 (Saturday).
    package let weekday: Int
    /// 0 to 23.
    package let hour: Int
    /// 0 to 59.
    package let minute: Int
    /// 0 to 59: Unix time has no leap seconds.
    package let second: Int
    /// 0 to 999.
    package let millisecond: Int

    /// - Parameter time: an instant not before 1970.
    package init(_ time: UnixTime) {
        let second = time.seconds
        let day = second / 86_400
        // Years are counted from March, so that a leap day is the last day of its year, and in cycles of 400 years,
        // after which the calendar repeats.
        let sinceMarch0000 = day + 719_468
        let cycle = sinceMarch0000 / 146_097
        let dayOfCycle = sinceMarch0000 % 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        // From March on, the lengths of months repeat every five months: 31, 30, 31, 30, 31 days, 153 in total.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
        self.day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        // 1970-01-01 was a Thursday.
        weekday = (day + 4) % 7
        hour = second / 3600 % 24
        minute = second / 60 % 60
        self.second = second % 60
        millisecond = time.milliseconds % 1000
    }

    /// The instant in the format of RFC 3339 §5.6, such as `1994-11-06T08:49:37.000Z`.
    package var rfc3339: String {
        "\(year)-\(padded(month))-\(padded(day))T\(padded(hour)):\(padded(minute)):\(padded(second))."
            + "\(padded(millisecond, width: 3))Z"
    }

    /// The instant in the format of HTTP, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    package var httpDate: String {
        "\(CivilTime.weekdays[weekday]), \(padded(day)) \(CivilTime.months[month - 1]) \(year) "
            + "\(padded(hour)):\(padded(minute)):\(padded(second)) GMT"
    }

    /// The instant in the format of email, such as `Sun, 06 Nov 1994 08:49:37 +0000` (RFC 5322 §3.3).
    package var mailDate: String { String(httpDate.dropLast(3)) + "+0000" }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

/// A number with leading zeros, at least `width` digits long.
private func padded(_ number: Int, width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

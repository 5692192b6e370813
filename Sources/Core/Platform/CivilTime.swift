/// A moment as a Gregorian date and a time of day in UTC.
package struct CivilTime: Sendable, Equatable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int
    /// 0, a Sunday, to 6.
    package let weekday: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let millisecond: Int

    /// - Parameter time: from 1970 on.
    package init(_ time: UnixTime) {
        let second = time.seconds
        let day = second / 86_400
        // Years are counted from March, so that the leap day is a year's last, and in cycles of 400 years, after which
        // the calendar repeats.
        let sinceMarch0000 = day + 719_468
        let cycle = sinceMarch0000 / 146_097
        let dayOfCycle = sinceMarch0000 % 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        // Months from March have 31, 30, 31, 30, 31 days, over and over: 153 in five.
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

    /// The moment as RFC 3339 §5.6 writes it, such as `1994-11-06T08:49:37.000Z`.
    package var rfc3339: String {
        "\(year)-\(padded(month))-\(padded(day))T\(padded(hour)):\(padded(minute)):\(padded(second))."
            + "\(padded(millisecond, width: 3))Z"
    }

    /// The moment as HTTP writes it, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    package var httpDate: String {
        "\(CivilTime.weekdays[weekday]), \(padded(day)) \(CivilTime.months[month - 1]) \(year) "
            + "\(padded(hour)):\(padded(minute)):\(padded(second)) GMT"
    }

    /// The moment as mail writes it, such as `Sun, 06 Nov 1994 08:49:37 +0000` (RFC 5322 §3.3).
    package var mailDate: String { String(httpDate.dropLast(3)) + "+0000" }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

/// A number with zeros before it, up to `width` digits.
private func padded(_ number: Int, width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

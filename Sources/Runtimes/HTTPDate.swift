import SignIn

/// A moment as HTTP writes it, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
struct HTTPDate: CustomStringConvertible {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    let description: String

    /// - Parameter time: from 1970 on.
    init(_ time: UnixTime) {
        let second = time.milliseconds / 1000
        let day = second / 86_400
        let (year, month, dayOfMonth) = HTTPDate.civilDate(ofDay: day)
        // 1970-01-01 was a Thursday.
        let weekday = HTTPDate.weekdays[(day + 4) % 7]
        let clock = [second / 3600 % 24, second / 60 % 60, second % 60].map(HTTPDate.twoDigits).joined(separator: ":")
        description = "\(weekday), \(HTTPDate.twoDigits(dayOfMonth)) \(HTTPDate.months[month]) \(year) \(clock) GMT"
    }

    /// The Gregorian date of a day counted from 1970-01-01; the month counts from 0.
    ///
    /// Years are counted from March, so that the leap day is a year's last, and in cycles of 400, after which the calendar
    /// repeats.
    private static func civilDate(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let sinceMarch0000 = day + 719_468
        let cycle = sinceMarch0000 / 146_097
        let dayOfCycle = sinceMarch0000 % 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        // Months from March have 31, 30, 31, 30, 31 days, over and over: 153 in five.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = (monthFromMarch + 2) % 12
        return (cycle * 400 + yearOfCycle + (month < 2 ? 1 : 0), month, dayOfMonth)
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

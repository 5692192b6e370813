import Bytes
import Platform

/// The last day on which a configured API key works, in UTC.
struct ExpiryDate: Sendable, Equatable {
    private static let day = Duration.seconds(86_400)

    /// The day, as `YYYY-MM-DD`.
    let text: String
    /// The end of the day: the time from which the key no longer works.
    let end: UnixTime

    /// The day of the last millisecond before an instant, so that the key works for at least as long.
    init(lastDayBefore instant: UnixTime) {
        let last = UnixTime(milliseconds: max(0, instant.milliseconds - 1))
        self.init(startingAt: UnixTime(milliseconds: last.milliseconds / 86_400_000 * 86_400_000))
    }

    /// Parses a date of the years 1970 to 9999 (RFC 3339 §5.6, `full-date`).
    /// - Throws: ``ParseError`` with the rule.
    init(parsing text: String) throws(ParseError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.map(\.utf8.count) == [4, 2, 2], parts.allSatisfy(\.isASCIIDigits),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), year >= 1970,
            (1...12).contains(month), (1...31).contains(day)
        else { throw ExpiryDate.error }
        // The days since 1970-01-01 in the calendar that CivilTime describes: years from March.
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        self.init(startingAt: UnixTime(milliseconds: days * 86_400_000))
        // A day that its month does not have is one of the next month.
        guard self.text == text else { throw ExpiryDate.error }
    }

    private init(startingAt start: UnixTime) {
        text = String(CivilTime(start).rfc3339.prefix(10))
        end = start + ExpiryDate.day
    }

    private static var error: ParseError { ParseError("must be a date, such as 2027-01-31", example: "2027-01-31") }
}

import Foundation
import Platform
import TestSupport
import Testing

@Suite
struct CivilTimeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let milliseconds: Int
        let httpDate: String
        let rfc3339: String
        var testDescription: String { rfc3339 }
    }

    static let instants = [
        // RFC 9110 §5.6.7.
        Case(
            milliseconds: 784_111_777_000, httpDate: "Sun, 06 Nov 1994 08:49:37 GMT",
            rfc3339: "1994-11-06T08:49:37.000Z"),
        Case(milliseconds: 0, httpDate: "Thu, 01 Jan 1970 00:00:00 GMT", rfc3339: "1970-01-01T00:00:00.000Z"),
        Case(milliseconds: 999, httpDate: "Thu, 01 Jan 1970 00:00:00 GMT", rfc3339: "1970-01-01T00:00:00.999Z"),
        Case(milliseconds: 86_399_999, httpDate: "Thu, 01 Jan 1970 23:59:59 GMT", rfc3339: "1970-01-01T23:59:59.999Z"),
        Case(milliseconds: 86_400_000, httpDate: "Fri, 02 Jan 1970 00:00:00 GMT", rfc3339: "1970-01-02T00:00:00.000Z"),
        Case(
            milliseconds: 68_169_600_000, httpDate: "Tue, 29 Feb 1972 00:00:00 GMT", rfc3339: "1972-02-29T00:00:00.000Z"
        ),
        Case(
            milliseconds: 946_684_799_000, httpDate: "Fri, 31 Dec 1999 23:59:59 GMT",
            rfc3339: "1999-12-31T23:59:59.000Z"),
        Case(
            milliseconds: 951_782_399_999, httpDate: "Mon, 28 Feb 2000 23:59:59 GMT",
            rfc3339: "2000-02-28T23:59:59.999Z"),
        Case(
            milliseconds: 951_782_400_000, httpDate: "Tue, 29 Feb 2000 00:00:00 GMT",
            rfc3339: "2000-02-29T00:00:00.000Z"),
        Case(
            milliseconds: 951_868_800_000, httpDate: "Wed, 01 Mar 2000 00:00:00 GMT",
            rfc3339: "2000-03-01T00:00:00.000Z"),
        Case(
            milliseconds: 1_677_628_799_000, httpDate: "Tue, 28 Feb 2023 23:59:59 GMT",
            rfc3339: "2023-02-28T23:59:59.000Z"),
        Case(
            milliseconds: 1_677_628_800_000, httpDate: "Wed, 01 Mar 2023 00:00:00 GMT",
            rfc3339: "2023-03-01T00:00:00.000Z"),
        Case(
            milliseconds: 1_709_208_000_045, httpDate: "Thu, 29 Feb 2024 12:00:00 GMT",
            rfc3339: "2024-02-29T12:00:00.045Z"),
        Case(
            milliseconds: 1_735_689_599_000, httpDate: "Tue, 31 Dec 2024 23:59:59 GMT",
            rfc3339: "2024-12-31T23:59:59.000Z"),
        Case(
            milliseconds: 1_735_689_600_123, httpDate: "Wed, 01 Jan 2025 00:00:00 GMT",
            rfc3339: "2025-01-01T00:00:00.123Z"),
        Case(
            milliseconds: 2_147_483_648_000, httpDate: "Tue, 19 Jan 2038 03:14:08 GMT",
            rfc3339: "2038-01-19T03:14:08.000Z"),
        // 2100 is not a leap year.
        Case(
            milliseconds: 4_107_542_399_000, httpDate: "Sun, 28 Feb 2100 23:59:59 GMT",
            rfc3339: "2100-02-28T23:59:59.000Z"),
        Case(
            milliseconds: 4_107_542_400_000, httpDate: "Mon, 01 Mar 2100 00:00:00 GMT",
            rfc3339: "2100-03-01T00:00:00.000Z"),
        Case(
            milliseconds: 13_574_563_200_000, httpDate: "Tue, 29 Feb 2400 00:00:00 GMT",
            rfc3339: "2400-02-29T00:00:00.000Z"),
        Case(
            milliseconds: 253_402_300_799_007, httpDate: "Fri, 31 Dec 9999 23:59:59 GMT",
            rfc3339: "9999-12-31T23:59:59.007Z"),
    ]

    @Test("an instant is written in the formats of HTTP and RFC 3339", arguments: CivilTimeTests.instants)
    func written(expected: Case) {
        let time = CivilTime(UnixTime(milliseconds: expected.milliseconds))
        #expect(time.httpDate == expected.httpDate)
        #expect(time.rfc3339 == expected.rfc3339)
    }

    @Test("an instant has the parts of its date and time")
    func parts() {
        let time = CivilTime(UnixTime(milliseconds: 784_111_777_042))
        #expect(time.year == 1994)
        #expect(time.month == 11)
        #expect(time.day == 6)
        #expect(time.weekday == 0)
        #expect(time.hour == 8)
        #expect(time.minute == 49)
        #expect(time.second == 37)
        #expect(time.millisecond == 42)
    }

    @Test("each day of 400 years follows the day before it")
    func days() {
        var (year, month, day, weekday) = (1970, 1, 1, 4)
        for number in 0..<146_097 {
            let time = CivilTime(UnixTime(milliseconds: number * 86_400_000 + 43_200_000))
            // One comparison, since there are so many days.
            let isEqual = time.year == year && time.month == month && time.day == day && time.weekday == weekday
            guard isEqual, time.hour == 12 else {
                Issue.record("\(time.rfc3339) instead of \(year)-\(month)-\(day)")
                return
            }
            weekday = (weekday + 1) % 7
            day += 1
            let isLeapYear = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
            let length = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            if day > length { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(year == 2370)
    }

    @Test("random instants up to the year 9999 are written as by Foundation")
    func foundation() throws {
        var random = SeededGenerator(seed: 9110)
        let http = try formatter("EEE, dd MMM yyyy HH:mm:ss 'GMT'")
        let rfc3339 = try formatter("yyyy-MM-dd'T'HH:mm:ss")
        for _ in 0..<500 {
            let seconds = Int.random(in: 0..<253_402_300_800, using: &random)
            let millisecond = Int.random(in: 100...999, using: &random)
            let date = Date(timeIntervalSince1970: Double(seconds))
            let time = CivilTime(UnixTime(milliseconds: seconds * 1000 + millisecond))
            #expect(time.httpDate == http.string(from: date))
            #expect(time.rfc3339 == rfc3339.string(from: date) + ".\(millisecond)Z")
        }
    }

    private func formatter(_ format: String) throws -> DateFormatter {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = format
        return formatter
    }
}

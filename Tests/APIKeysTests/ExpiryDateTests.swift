import Bytes
import Platform
import Testing

@testable import APIKeys

@Suite
struct ExpiryDateTests {
    // From `date -u -d 'DATE +1 day' +%s`.
    static let dates: [(String, Int)] = [
        ("1970-01-01", 86_400), ("1972-02-29", 68_256_000), ("1999-12-31", 946_684_800), ("2000-02-29", 951_868_800),
        ("2024-02-29", 1_709_251_200), ("2027-01-31", 1_801_440_000), ("2100-02-28", 4_107_542_400),
        ("9999-12-31", 253_402_300_800),
    ]

    @Test("a day ends when the next one begins, in UTC", arguments: ExpiryDateTests.dates)
    func end(text: String, seconds: Int) throws {
        let date = try ExpiryDate(parsing: text)
        #expect(date.end == UnixTime(milliseconds: seconds * 1000))
        #expect(ExpiryDate(lastDayBefore: date.end) == date)
        #expect(ExpiryDate(lastDayBefore: UnixTime(milliseconds: seconds * 1000 - 86_400_000 + 1)) == date)
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", "2027", "2027-01", "2027-1-31", "27-01-31", "2027-01-32", "2027-00-10", "2027-13-01", "2027-02-29",
            "2100-02-29", "2027-04-31", "2027-01-00", "1969-12-31", "2027/01/31", "2027-01-31T00:00:00Z", " 2027-01-31",
            "2027-01-31 ", "+027-01-31", "2027-01-3１", "20270131", "2027--1-31",
        ])
    func refused(text: String) {
        #expect(throws: ParseError.self) { try ExpiryDate(parsing: text) }
    }
}

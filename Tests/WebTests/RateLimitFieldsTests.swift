import Bytes
import RawStructuredFieldValues
import Redis
import Testing

@testable import Web

/// A limit, its remaining quota, and the numbers that are expected in the fields.
struct FieldCase: Sendable, CustomTestStringConvertible {
    let limit: String
    let left: Int
    let moreIn: Duration
    let burst: Int64
    let window: Int64
    let seconds: Int64

    var testDescription: String { "\(limit), \(left) left, more in \(moreIn)" }
}

@Suite
struct RateLimitFieldsTests {
    private static let cases = [
        FieldCase(limit: "10/10m", left: 9, moreIn: .seconds(60), burst: 10, window: 600, seconds: 60),
        FieldCase(limit: "1/1s", left: 0, moreIn: .microseconds(999_999), burst: 1, window: 1, seconds: 1),
        FieldCase(limit: "3/15m", left: 0, moreIn: .microseconds(899_000_001), burst: 3, window: 900, seconds: 900),
        FieldCase(limit: "7/1500ms", left: 7, moreIn: .zero, burst: 7, window: 2, seconds: 0),
        FieldCase(
            limit: "1000000/1d", left: 999_999, moreIn: .microseconds(86_400), burst: 1_000_000, window: 86_400,
            seconds: 1),
    ]

    /// The only item of a field, which must be a list of one item.
    private func item(_ text: String?) throws -> Item {
        let text = try #require(text)
        var parser = StructuredFieldValueParser(Array(text.utf8))
        let list = try parser.parseListFieldValue()
        guard list.count == 1, case .item(let item) = list[0] else {
            throw ParseError("is not one item")
        }
        return item
    }

    @Test("each field is a list of one string with two whole numbers", arguments: RateLimitFieldsTests.cases)
    func readBack(_ expected: FieldCase) throws {
        var fields: ResponseFields = [:]
        RateLimitFields(try RateLimit(parsing: expected.limit)).add(
            Quota(left: expected.left, moreIn: expected.moreIn), to: &fields)

        let policy = try item(fields[.rateLimitPolicy])
        #expect(policy.rfc9651BareItem == RFC9651BareItem.string("ip"))
        #expect(policy.rfc9651Parameters.count == 2)
        #expect(policy.rfc9651Parameters["q"] == RFC9651BareItem.integer(expected.burst))
        #expect(policy.rfc9651Parameters["w"] == RFC9651BareItem.integer(expected.window))

        let state = try item(fields[.rateLimit])
        #expect(state.rfc9651BareItem == RFC9651BareItem.string("ip"))
        #expect(state.rfc9651Parameters.count == 2)
        #expect(state.rfc9651Parameters["r"] == RFC9651BareItem.integer(Int64(expected.left)))
        #expect(state.rfc9651Parameters["t"] == RFC9651BareItem.integer(expected.seconds))
    }

    @Test("the fields are written as in openapi.yaml")
    func written() throws {
        var fields: ResponseFields = [:]
        RateLimitFields(try RateLimit(parsing: "10/10m")).add(
            Quota(left: 9, moreIn: .microseconds(59_000_001)), to: &fields)
        #expect(fields[.rateLimitPolicy] == #""ip";q=10;w=600"#)
        #expect(fields[.rateLimit] == #""ip";r=9;t=60"#)
        #expect(fields.lines.count == 2)
    }

    @Test("a limit that does not count by address has a name of its own")
    func named() throws {
        var fields: ResponseFields = [:]
        RateLimitFields(try RateLimit(parsing: "600/1m"), named: "key").add(
            Quota(left: 599, moreIn: .milliseconds(100)), to: &fields)
        #expect(fields[.rateLimitPolicy] == #""key";q=600;w=60"#)
        #expect(fields[.rateLimit] == #""key";r=599;t=1"#)
    }
}

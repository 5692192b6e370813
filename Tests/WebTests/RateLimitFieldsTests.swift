import Bytes
import RawStructuredFieldValues
@testable import Web
import Redis
import Testing

/// A limit, what is left of it, and the numbers that are told.
struct ToldLimit: Sendable, CustomTestStringConvertible {
    let limit: String
    let left: Int
    let fullIn: Duration
    let burst: Int64
    let window: Int64
    let seconds: Int64

    var testDescription: String { "\(limit), \(left) left, full in \(fullIn)" }
}

@Suite
struct RateLimitFieldsTests {
    private static let told = [
        ToldLimit(limit: "10/10m", left: 9, fullIn: .seconds(60), burst: 10, window: 600, seconds: 60),
        ToldLimit(limit: "1/1s", left: 0, fullIn: .microseconds(999_999), burst: 1, window: 1, seconds: 1),
        ToldLimit(limit: "3/15m", left: 0, fullIn: .microseconds(899_000_001), burst: 3, window: 900, seconds: 900),
        ToldLimit(limit: "7/1500ms", left: 7, fullIn: .zero, burst: 7, window: 2, seconds: 0),
        ToldLimit(
            limit: "1000000/1d", left: 999_999, fullIn: .microseconds(86_400), burst: 1_000_000, window: 86_400,
            seconds: 1),
    ]

    /// The item that a field holds, which must be a list of one.
    private func item(_ text: String?) throws -> Item {
        let text = try #require(text)
        var parser = StructuredFieldValueParser(Array(text.utf8))
        let list = try parser.parseListFieldValue()
        guard list.count == 1, case .item(let item) = list[0] else {
            throw ParseError("is not one item")
        }
        return item
    }

    @Test("both are lists of one string with two whole numbers each", arguments: RateLimitFieldsTests.told)
    func readBack(_ told: ToldLimit) throws {
        var fields: ResponseFields = [:]
        RateLimitFields(try RateLimit(parsing: told.limit)).add(
            Quota(left: told.left, fullIn: told.fullIn), to: &fields)

        let policy = try item(fields[.rateLimitPolicy])
        #expect(policy.rfc9651BareItem == RFC9651BareItem.string("ip"))
        #expect(policy.rfc9651Parameters.count == 2)
        #expect(policy.rfc9651Parameters["q"] == RFC9651BareItem.integer(told.burst))
        #expect(policy.rfc9651Parameters["w"] == RFC9651BareItem.integer(told.window))

        let state = try item(fields[.rateLimit])
        #expect(state.rfc9651BareItem == RFC9651BareItem.string("ip"))
        #expect(state.rfc9651Parameters.count == 2)
        #expect(state.rfc9651Parameters["r"] == RFC9651BareItem.integer(Int64(told.left)))
        #expect(state.rfc9651Parameters["t"] == RFC9651BareItem.integer(told.seconds))
    }

    @Test("they are written as the contract writes them")
    func written() throws {
        var fields: ResponseFields = [:]
        RateLimitFields(try RateLimit(parsing: "10/10m")).add(
            Quota(left: 9, fullIn: .microseconds(59_000_001)), to: &fields)
        #expect(fields[.rateLimitPolicy] == #""ip";q=10;w=600"#)
        #expect(fields[.rateLimit] == #""ip";r=9;t=60"#)
        #expect(fields.lines.count == 2)
    }
}

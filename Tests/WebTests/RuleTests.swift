import Bytes
import Testing
import Web

@Suite
struct RuleTests {
    private func issues<Output>(_ schema: Schema<Output>, _ value: JSONValue) -> [Web.Issue] {
        do {
            _ = try schema.parse(value)
            return []
        } catch {
            return error.issues
        }
    }

    private func tooBig(_ length: Int) -> Web.Issue {
        Web.Issue(
            path: "", code: .tooBig, message: "Too big: expected string to have <=\(length) characters")
    }

    @Test("codes are those of Zod 4")
    func codes() {
        #expect(Web.Issue.Code.invalidType.rawValue == "invalid_type")
        #expect(Web.Issue.Code.invalidFormat.rawValue == "invalid_format")
        #expect(Web.Issue.Code.tooBig.rawValue == "too_big")
        #expect(Web.Issue.Code.custom.rawValue == "custom")
    }

    /// A string, and its length in JavaScript.
    static let lengths: [(String, Int)] = [
        ("", 0), ("a", 1), ("abc", 3), ("é", 1), ("e\u{301}", 2), ("€", 1),
        ("😀", 2), ("👩‍👩‍👧", 8), ("\r\n", 2), ("\0", 1),
        (String(repeating: "x", count: 254), 254),
    ]

    @Test("a length is counted as in JavaScript, and the maximum itself is allowed", arguments: RuleTests.lengths)
    func length(text: String, count: Int) {
        #expect(issues(string().max(count), .string(text)) == [])
        #expect(issues(string().max(count + 1), .string(text)) == [])
        #expect(issues(string().max(count - 1), .string(text)) == [tooBig(count - 1)])
    }

    @Test("messages are exactly those of openapi.yaml")
    func messages() {
        #expect(
            issues(string().max(254), .string(String(repeating: "x", count: 255))).map(\.message)
                == ["Too big: expected string to have <=254 characters"])
        #expect(
            issues(string().email(), .string("ada")) == [
                Web.Issue(path: "", code: .invalidFormat, message: "Invalid email address")
            ])
        #expect(
            issues(string().url(), .string("portal")) == [
                Web.Issue(path: "", code: .invalidFormat, message: "Invalid URL")
            ]
        )
        #expect(
            issues(string().refine("Must be ours") { $0 == "ours" }, .string("theirs")) == [
                Web.Issue(path: "", code: .custom, message: "Must be ours")
            ])
    }

    @Test("all violated rules report, in the order in which they were added")
    func order() {
        let schema = string().email().max(2).refine("Must be ours") { _ in false }.url()
        #expect(
            issues(schema, .string("abcd")).map(\.code) == [
                .invalidFormat, .tooBig, .custom, .invalidFormat,
            ])
        #expect(issues(schema, .string("abcd")).map(\.message).last == "Invalid URL")
    }

    @Test("no rule is checked for a value of another type")
    func otherType() {
        let schema = string().email().max(2).refine("Never checked") { _ in false }
        #expect(issues(schema, .number(1)).map(\.code) == [.invalidType])
    }

    @Test("a rule is checked against an object's output")
    func composite() {
        let pair = object(field("a", string()), field("b", string())).refine("Must be equal") { $0.0 == $0.1 }
        #expect(issues(pair, .object(["a": .string("x"), "b": .string("x")])) == [])
        #expect(issues(pair, .object(["a": .string("x"), "b": .string("y")])).map(\.message) == ["Must be equal"])
    }

    @Test("a value is converted to another type")
    func transformed() throws {
        let schema = string().transform { text -> Transformed<Int> in .value(text.utf8.count) }
        #expect(try schema.parse(.string("abc")) == 3)
        #expect(try schema.optional().parse(.string("ab")) == 2)
    }

    @Test("a value that cannot be converted is reported with its path")
    func refusedTransform() {
        let even = string().transform { text -> Transformed<Int> in
            text.utf8.count.isMultiple(of: 2) ? .value(text.utf8.count) : .refused(Finding(.custom, "Must be even"))
        }
        let schema = object(field("inner", object(field("a", even), field("b", even))), field("one", even.optional()))
        let inner: JSONValue = .object(["a": .string("ab"), "b": .string("abc")])
        #expect(
            issues(schema, .object(["inner": inner, "one": .string("a")])) == [
                Web.Issue(path: "inner.b", code: .custom, message: "Must be even"),
                Web.Issue(path: "one", code: .custom, message: "Must be even"),
            ])
    }

    @Test("a value that has an issue is not converted")
    func notCalled() {
        let convert: @Sendable (String) -> Transformed<Int> = { _ in .refused(Finding(.custom, "Called")) }
        #expect(issues(string().max(2).transform(convert), .string("abc")) == [tooBig(2)])
        #expect(issues(string().email().transform(convert), .string("abc")).map(\.code) == [.invalidFormat])
        #expect(issues(string().transform(convert), .null).map(\.code) == [.invalidType])
        // An issue in another value does not prevent it.
        let schema = object(field("a", string().max(2)), field("b", string().transform(convert)))
        #expect(
            issues(schema, .object(["a": .string("abc"), "b": .string("")])).map(\.message) == [
                "Too big: expected string to have <=2 characters", "Called",
            ])
    }

    @Test("a rule after a conversion is checked against the new value")
    func afterTransform() {
        let schema = string().transform { text -> Transformed<Int> in .value(text.utf8.count) }.refine("Must be short")
        { $0 < 3 }
        #expect(issues(schema, .string("ab")) == [])
        #expect(issues(schema, .string("abc")).map(\.message) == ["Must be short"])
    }
}

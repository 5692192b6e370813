import JSON
import Testing
import Validation

@Suite("rules on top of a type")
struct RuleTests {
    private func issues<Output>(_ schema: Schema<Output>, _ value: JSONValue) -> [Validation.Issue] {
        do {
            _ = try schema.parse(value)
            return []
        } catch {
            return error.issues
        }
    }

    private func tooBig(_ length: Int) -> Validation.Issue {
        Validation.Issue(
            path: "", code: .tooBig, message: "Too big: expected string to have <=\(length) characters")
    }

    private func tooSmall(_ length: Int) -> Validation.Issue {
        Validation.Issue(
            path: "", code: .tooSmall, message: "Too small: expected string to have >=\(length) characters")
    }

    @Test("codes are those of Zod 4")
    func codes() {
        #expect(Validation.Issue.Code.invalidType.rawValue == "invalid_type")
        #expect(Validation.Issue.Code.invalidFormat.rawValue == "invalid_format")
        #expect(Validation.Issue.Code.tooBig.rawValue == "too_big")
        #expect(Validation.Issue.Code.tooSmall.rawValue == "too_small")
        #expect(Validation.Issue.Code.custom.rawValue == "custom")
    }

    /// A string, and how long JavaScript says it is.
    static let lengths: [(String, Int)] = [
        ("", 0), ("a", 1), ("abc", 3), ("é", 1), ("e\u{301}", 2), ("€", 1),
        ("😀", 2), ("👩‍👩‍👧", 8), ("\r\n", 2), ("\0", 1),
        (String(repeating: "x", count: 254), 254),
    ]

    @Test("a length is counted as JavaScript counts it, and the bounds are within", arguments: RuleTests.lengths)
    func length(text: String, count: Int) {
        #expect(issues(string().max(count), .string(text)) == [])
        #expect(issues(string().max(count + 1), .string(text)) == [])
        #expect(issues(string().max(count - 1), .string(text)) == [tooBig(count - 1)])
        #expect(issues(string().min(count), .string(text)) == [])
        #expect(issues(string().min(count - 1), .string(text)) == [])
        #expect(issues(string().min(count + 1), .string(text)) == [tooSmall(count + 1)])
    }

    @Test("the messages of the contract are the ones given, to the letter")
    func messages() {
        #expect(
            issues(string().max(254), .string(String(repeating: "x", count: 255))).map(\.message)
                == ["Too big: expected string to have <=254 characters"])
        #expect(
            issues(string().min(1), .string("")).map(\.message) == ["Too small: expected string to have >=1 characters"]
        )
        #expect(
            issues(string().email(), .string("ada")) == [
                Validation.Issue(path: "", code: .invalidFormat, message: "Invalid email address")
            ])
        #expect(
            issues(string().url(), .string("portal")) == [
                Validation.Issue(path: "", code: .invalidFormat, message: "Invalid URL")
            ]
        )
        #expect(
            issues(string().refine("Must be ours") { $0 == "ours" }, .string("theirs")) == [
                Validation.Issue(path: "", code: .custom, message: "Must be ours")
            ])
    }

    @Test("all rules that are broken report, in the order in which they were added")
    func order() {
        let schema = string().email().max(2).min(9).refine("Must be ours") { _ in false }.url()
        #expect(
            issues(schema, .string("abcd")).map(\.code) == [
                .invalidFormat, .tooBig, .tooSmall, .custom, .invalidFormat,
            ])
        #expect(issues(schema, .string("abcd")).map(\.message).last == "Invalid URL")
    }

    @Test("no rule is asked about a value of another type")
    func otherType() {
        let schema = string().email().max(2).refine("Never asked") { _ in false }
        #expect(issues(schema, .number(1)).map(\.code) == [.invalidType])
    }

    @Test("a rule holds for what an array or an object became")
    func composite() {
        let list = array(string()).refine("Must not be empty") { !$0.isEmpty }
        #expect(issues(list, .array([])) == [Validation.Issue(path: "", code: .custom, message: "Must not be empty")])
        #expect(issues(list, .array([.string("a")])) == [])
        let pair = object(field("a", string()), field("b", string())).refine("Must be equal") { $0.0 == $0.1 }
        #expect(issues(pair, .object(["a": .string("x"), "b": .string("x")])) == [])
        #expect(issues(pair, .object(["a": .string("x"), "b": .string("y")])).map(\.message) == ["Must be equal"])
    }

    @Test("a value is turned into something else")
    func transformed() throws {
        let schema = string().transform { text -> Transformed<Int> in .value(text.utf8.count) }
        #expect(try schema.parse(.string("abc")) == 3)
        let list = array(schema).optional()
        #expect(try list.parse(.array([.string(""), .string("ab")])) == [0, 2])
    }

    @Test("what cannot be turned into something else is reported where it stands")
    func refusedTransform() {
        let even = number().transform { number -> Transformed<Int> in
            number.truncatingRemainder(dividingBy: 2) == 0
                ? .value(Int(number)) : .refused(Finding(.custom, "Must be even"))
        }
        let schema = object(field("list", array(even)), field("one", even.optional()))
        #expect(
            issues(schema, .object(["list": .array([.number(2), .number(3)]), "one": .number(5)])) == [
                Validation.Issue(path: "list.1", code: .custom, message: "Must be even"),
                Validation.Issue(path: "one", code: .custom, message: "Must be even"),
            ])
    }

    @Test("nothing is turned into something else after an issue")
    func notCalled() {
        let convert: @Sendable (String) -> Transformed<Int> = { _ in .refused(Finding(.custom, "Called")) }
        #expect(issues(string().max(2).transform(convert), .string("abc")) == [tooBig(2)])
        #expect(issues(string().email().transform(convert), .string("abc")).map(\.code) == [.invalidFormat])
        #expect(issues(string().transform(convert), .null).map(\.code) == [.invalidType])
        // An issue elsewhere is no reason.
        let schema = object(field("a", string().max(2)), field("b", string().transform(convert)))
        #expect(
            issues(schema, .object(["a": .string("abc"), "b": .string("")])).map(\.message) == [
                "Too big: expected string to have <=2 characters", "Called",
            ])
    }

    @Test("a rule behind a transform is asked about the new value")
    func afterTransform() {
        let schema = string().transform { text -> Transformed<Int> in .value(text.utf8.count) }.refine("Must be short")
        { $0 < 3 }
        #expect(issues(schema, .string("ab")) == [])
        #expect(issues(schema, .string("abc")).map(\.message) == ["Must be short"])
    }
}

import Bytes
import Testing
import Web

@Suite
struct SchemaTests {
    /// The issues that a schema reports for a JSON text.
    private func issues<Output>(_ schema: Schema<Output>, _ text: String) throws -> [Web.Issue] {
        let value = try JSONValue(parsing: Array(text.utf8))
        do {
            _ = try schema.parse(value)
            return []
        } catch {
            return error.issues
        }
    }

    private func mismatch(_ path: String, _ expected: String, _ received: String) -> Web.Issue {
        Web.Issue(
            path: path, code: .invalidType, message: "Invalid input: expected \(expected), received \(received)")
    }

    /// A value of each type, with the type's name.
    static let values: [(String, String)] = [
        ("null", "null"), ("true", "boolean"), ("false", "boolean"), ("0", "number"), ("-1.5", "number"),
        ("\"\"", "string"),
        ("\"1\"", "string"), ("[]", "array"), ("[\"a\"]", "array"), ("{}", "object"), ("{\"a\":\"b\"}", "object"),
    ]

    @Test("if a string is expected, the issue names any other type", arguments: SchemaTests.values)
    func expectsString(text: String, type: String) throws {
        #expect(try issues(string(), text) == (type == "string" ? [] : [mismatch("", "string", type)]))
    }

    @Test("if a boolean is expected, the issue names any other type", arguments: SchemaTests.values)
    func expectsBoolean(text: String, type: String) throws {
        #expect(try issues(boolean(), text) == (type == "boolean" ? [] : [mismatch("", "boolean", type)]))
    }

    @Test(
        "if an object is expected, the issue names any other type, and the root's path is empty",
        arguments: SchemaTests.values)
    func expectsObject(text: String, type: String) throws {
        let schema = object(field("a", string().optional()), field("b", string().optional()))
        #expect(try issues(schema, text) == (type == "object" ? [] : [mismatch("", "object", type)]))
    }

    @Test("a missing member is reported as undefined, whatever was expected")
    func missing() throws {
        let schema = object(
            field("s", string()), field("b", boolean()),
            field("o", object(field("x", string()), field("y", string()))))
        #expect(
            try issues(schema, "{}") == [
                mismatch("s", "string", "undefined"), mismatch("b", "boolean", "undefined"),
                mismatch("o", "object", "undefined"),
            ])
    }

    @Test("all issues are reported, in the order of the schema's fields, not of the members")
    func order() throws {
        let schema = object(
            field("first", string()), field("second", boolean()), field("third", string().max(2)),
            field("fourth", boolean().optional()))
        #expect(
            try issues(schema, #"{"fourth":0,"third":"abc","second":"2","first":null}"#) == [
                mismatch("first", "string", "null"), mismatch("second", "boolean", "string"),
                Web.Issue(path: "third", code: .tooBig, message: "Too big: expected string to have <=2 characters"),
                mismatch("fourth", "boolean", "number"),
            ])
    }

    @Test("paths join the names of nested members with dots")
    func nested() throws {
        let person = object(
            field("name", string()), field("home", object(field("town", string()), field("own", boolean()))))
        let schema = object(field("person", person), field("count", boolean()))
        let text = #"{"person":{"home":{"town":1,"own":null}},"count":"3"}"#
        #expect(
            try issues(schema, text) == [
                mismatch("person.name", "string", "undefined"), mismatch("person.home.town", "string", "number"),
                mismatch("person.home.own", "boolean", "null"), mismatch("count", "boolean", "string"),
            ])
    }

    @Test("the output has the order of the fields, and members without a field are ignored")
    func output() throws {
        let schema = object(
            field("text", string()), field("flag", boolean()), field("word", string().optional()))
        let text = #"{"more":[{}],"list":["x","y"],"word":"b","flag":true,"text":"a","__proto__":1}"#
        let (first, flag, word) = try schema.parse(try JSONValue(parsing: Array(text.utf8)))
        #expect(first == "a")
        #expect(flag)
        #expect(word == "b")
    }

    @Test("a strict object refuses members without a field, after the issues of its fields")
    func strict() throws {
        let schema = strictObject(field("a", string()), field("b", string().optional()))
        let custom = { (message: String) in Web.Issue(path: "", code: .custom, message: .english(message)) }
        #expect(try issues(schema, #"{"a":"x"}"#) == [])
        #expect(try issues(schema, #"{"a":"x","b":"y"}"#) == [])
        #expect(try issues(schema, "[]") == [mismatch("", "object", "array")])
        #expect(try issues(schema, #"{"a":"x","c":1,"d":2}"#) == [custom(#"Unrecognized key: "c""#)])
        #expect(try issues(schema, #"{"a":"x","A":1}"#) == [custom(#"Unrecognized key: "A""#)])
        #expect(
            try issues(schema, #"{"a":1,"c":1}"#) == [
                mismatch("a", "string", "number"), custom(#"Unrecognized key: "c""#),
            ])
        // One character of Swift, and 65 scalars.
        let marks = "x" + String(repeating: "\u{301}", count: 64)
        let shown = "x" + String(repeating: "\u{301}", count: 63)
        #expect(try issues(schema, "{\"a\":\"x\",\"\(marks)\":1}") == [custom("Unrecognized key: \"\(shown)…\"")])
    }

    @Test("an optional member may be missing")
    func optional() throws {
        let schema = object(field("a", string().optional()), field("b", string().optional()))
        let (missing, given) = try schema.parse(try JSONValue(parsing: Array(#"{"b":""}"#.utf8)))
        #expect(missing == nil)
        #expect(given == "")
    }

    @Test("an optional member must not be null, have another type, or violate its rules")
    func optionalRules() throws {
        let schema = object(field("a", string().max(1).optional()), field("b", boolean().optional()))
        #expect(
            try issues(schema, #"{"a":null,"b":null}"#) == [
                mismatch("a", "string", "null"), mismatch("b", "boolean", "null"),
            ])
        #expect(
            try issues(schema, #"{"a":"xy","b":[null]}"#) == [
                Web.Issue(path: "a", code: .tooBig, message: "Too big: expected string to have <=1 characters"),
                mismatch("b", "boolean", "array"),
            ])
    }
}

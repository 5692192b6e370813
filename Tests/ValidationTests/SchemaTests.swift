import JSON
import Testing
import Validation

@Suite("what a schema says of a value, in the words of Zod 4")
struct SchemaTests {
    /// What a schema finds wrong with a JSON text.
    private func issues<Output>(_ schema: Schema<Output>, _ text: String) throws -> [Validation.Issue] {
        let value = try JSONValue(parsing: Array(text.utf8))
        do {
            _ = try schema.parse(value)
            return []
        } catch {
            return error.issues
        }
    }

    private func mismatch(_ path: String, _ expected: String, _ received: String) -> Validation.Issue {
        Validation.Issue(
            path: path, code: .invalidType, message: "Invalid input: expected \(expected), received \(received)")
    }

    /// A value of each type, with the type's name.
    static let values: [(String, String)] = [
        ("null", "null"), ("true", "boolean"), ("false", "boolean"), ("0", "number"), ("-1.5", "number"),
        ("\"\"", "string"),
        ("\"1\"", "string"), ("[]", "array"), ("[\"a\"]", "array"), ("{}", "object"), ("{\"a\":\"b\"}", "object"),
    ]

    @Test("where a string is expected, every other type is named", arguments: SchemaTests.values)
    func expectsString(text: String, type: String) throws {
        #expect(try issues(string(), text) == (type == "string" ? [] : [mismatch("", "string", type)]))
    }

    @Test("where a boolean is expected, every other type is named", arguments: SchemaTests.values)
    func expectsBoolean(text: String, type: String) throws {
        #expect(try issues(boolean(), text) == (type == "boolean" ? [] : [mismatch("", "boolean", type)]))
    }

    @Test("where a number is expected, every other type is named", arguments: SchemaTests.values)
    func expectsNumber(text: String, type: String) throws {
        #expect(try issues(number(), text) == (type == "number" ? [] : [mismatch("", "number", type)]))
    }

    @Test("where an array is expected, every other type is named", arguments: SchemaTests.values)
    func expectsArray(text: String, type: String) throws {
        #expect(try issues(array(string()), text) == (type == "array" ? [] : [mismatch("", "array", type)]))
    }

    @Test(
        "where an object is expected, every other type is named, and the root's path is empty",
        arguments: SchemaTests.values)
    func expectsObject(text: String, type: String) throws {
        let schema = object(field("a", string().optional()), field("b", string().optional()))
        #expect(try issues(schema, text) == (type == "object" ? [] : [mismatch("", "object", type)]))
    }

    @Test("a number beyond a double's range is none", arguments: ["1e999", "-1e999"])
    func infinite(text: String) throws {
        #expect(try issues(number(), text) == [mismatch("", "number", "number")])
    }

    @Test("a missing member is undefined, whatever was expected")
    func missing() throws {
        let schema = object(
            field("s", string()), field("b", boolean()), field("n", number()), field("a", array(string())),
            field("o", object(field("x", string()), field("y", string()))))
        #expect(
            try issues(schema, "{}") == [
                mismatch("s", "string", "undefined"), mismatch("b", "boolean", "undefined"),
                mismatch("n", "number", "undefined"), mismatch("a", "array", "undefined"),
                mismatch("o", "object", "undefined"),
            ])
    }

    @Test("all issues are reported, in the order of the schema's fields and not of the members")
    func order() throws {
        let schema = object(
            field("first", string()), field("second", number()), field("third", string().min(3).max(2)),
            field("fourth", boolean().optional()))
        #expect(
            try issues(schema, #"{"fourth":0,"third":"ab","second":"2","first":null}"#) == [
                mismatch("first", "string", "null"), mismatch("second", "number", "string"),
                Validation.Issue(
                    path: "third", code: .tooSmall, message: "Too small: expected string to have >=3 characters"),
                mismatch("fourth", "boolean", "number"),
            ])
    }

    @Test("paths join names and indices with dots, through arrays of objects of arrays")
    func nested() throws {
        let person = object(field("name", string()), field("tags", array(string().min(1))))
        let schema = object(field("people", array(person)), field("count", number()))
        let text = #"{"people":[{"name":"a","tags":["x",""]},{"tags":[1,"y",null]},7],"count":"3"}"#
        #expect(
            try issues(schema, text) == [
                Validation.Issue(
                    path: "people.0.tags.1", code: .tooSmall,
                    message: "Too small: expected string to have >=1 characters"),
                mismatch("people.1.name", "string", "undefined"), mismatch("people.1.tags.0", "string", "number"),
                mismatch("people.1.tags.2", "string", "null"), mismatch("people.2", "object", "number"),
                mismatch("count", "number", "string"),
            ])
    }

    @Test("an array at the root has paths that start with an index")
    func arrayAtRoot() throws {
        #expect(
            try issues(array(array(number())), #"[[1],["2",3,true],4]"#) == [
                mismatch("1.0", "number", "string"), mismatch("1.2", "number", "boolean"),
                mismatch("2", "array", "number"),
            ])
    }

    @Test("what is valid comes out, in the order of the fields, and what no field names is ignored")
    func output() throws {
        let schema = object(
            field("text", string()), field("flag", boolean()), field("amount", number()), field("list", array(string()))
        )
        let text = #"{"more":[{}],"list":["x","y"],"amount":2.5,"flag":true,"text":"a","__proto__":1}"#
        let (first, flag, amount, list) = try schema.parse(try JSONValue(parsing: Array(text.utf8)))
        #expect(first == "a")
        #expect(flag)
        #expect(amount == 2.5)
        #expect(list == ["x", "y"])
    }

    @Test("of several members with one name the last is looked at")
    func duplicates() throws {
        let schema = object(field("a", string()), field("b", string().optional()))
        #expect(try issues(schema, #"{"a":1,"a":"x"}"#) == [])
        #expect(try issues(schema, #"{"a":"x","a":1}"#) == [mismatch("a", "string", "number")])
    }

    @Test("an optional member may be missing")
    func optional() throws {
        let schema = object(field("a", string().optional()), field("b", string().optional()))
        let (missing, given) = try schema.parse(try JSONValue(parsing: Array(#"{"b":""}"#.utf8)))
        #expect(missing == nil)
        #expect(given == "")
    }

    @Test("an optional member may not be null, nor of another type, nor break its rules")
    func optionalRules() throws {
        let schema = object(field("a", string().min(1).optional()), field("b", array(number()).optional()))
        #expect(
            try issues(schema, #"{"a":null,"b":null}"#) == [
                mismatch("a", "string", "null"), mismatch("b", "array", "null"),
            ])
        #expect(
            try issues(schema, #"{"a":"","b":[null]}"#) == [
                Validation.Issue(
                    path: "a", code: .tooSmall, message: "Too small: expected string to have >=1 characters"),
                mismatch("b.0", "number", "null"),
            ])
    }
}

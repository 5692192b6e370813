import SignIn
import TestSupport
import Testing
import Web

/// A body that is not JSON, and the expected error.
struct InvalidJSON: Sendable, CustomTestStringConvertible {
    let body: [UInt8]
    let error: String

    init(_ text: String, _ error: String) {
        self.init(Array(text.utf8), error)
    }

    init(_ body: [UInt8], _ error: String) {
        self.body = body
        self.error = error
    }

    var testDescription: String { "\(String(decoding: body.prefix(40), as: UTF8.self)): \(error)" }
}

/// A body that breaks one rule: the path, the code and the message of its issue.
struct OneIssue: Sendable, CustomTestStringConvertible {
    let body: String
    let path: String
    let code: String
    let message: String

    init(_ body: String, _ path: String, _ code: String, _ message: String) {
        self.body = body
        self.path = path
        self.code = code
        self.message = message
    }

    /// A body with an address and one more member.
    init(_ name: String, value: String, _ code: String, _ message: String) {
        self.init(#"{"email":"ada@example.com","\#(name)":\#(value)}"#, name, code, message)
    }

    var testDescription: String { String(body.prefix(80)) }
}

@Suite
struct SendMagicLinkBodyTests {
    @Test(
        "a body whose media type is not that of JSON is refused",
        arguments: [
            nil, "", "text/plain", "text/plain; application/json", "text/json", "application/x-www-form-urlencoded",
            "multipart/form-data", "application/json-patch+json", "application/problem+json", "application/jsonp",
            "application", "json", "*/*", "application/json; charset=latin1", "application/json;charset=iso-8859-1",
            "application/json; charset=utf-16", "application/json; charset=\"latin1\"",
            "application/json; charset=utf-8; charset=latin1", "application/json, application/json",
            "application/json, text/plain", "text/plain, application/json",
        ] as [String?])
    func unsupportedMediaType(_ contentType: String?) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .signIn(contentType: contentType))
        #expect(response.status == .unsupportedMediaType)
        let expected = #"""
            {"error":"Send a JSON body in UTF-8, with Content-Type: application/json",\#
            "code":"unsupported_media_type"}
            """#
        #expect(response.text == expected)
    }

    @Test(
        "the media type is accepted in any case, and with any parameters except another charset",
        arguments: [
            "application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8",
            "application/json ; charset=utf-8", "application/json; charset=\"utf-8\"", "application/json; v=1",
        ])
    func mediaType(_ contentType: String) async throws {
        let harness = try await SignInHarness()
        // The body is read, and is invalid.
        let response = await harness.respond(to: .signIn("{}", contentType: contentType))
        #expect(response.code == "validation_error")
    }

    @Test("two lines of Content-Type are refused, even if they are the same")
    func twoContentTypes() async throws {
        let harness = try await SignInHarness()
        for second in ["application/json", "text/plain"] {
            let response = await harness.respond(to: .signIn(more: [("content-type", second)]))
            #expect(response.status == .unsupportedMediaType)
        }
    }

    @Test(
        "a body that is not JSON is refused, with the error and its place",
        arguments: [
            InvalidJSON("", "The body is empty; send a JSON object"),
            InvalidJSON(" \r\n\t", "The body is empty; send a JSON object"),
            InvalidJSON("{", "The body is not valid JSON: error at byte 1"),
            InvalidJSON("nul", "The body is not valid JSON: error at byte 0"),
            InvalidJSON("email=ada@example.com", "The body is not valid JSON: error at byte 0"),
            InvalidJSON("{'email':1}", "The body is not valid JSON: error at byte 1"),
            InvalidJSON(#"{"email":"a@b.co",}"#, "The body is not valid JSON: error at byte 18"),
            InvalidJSON(#"{"email":"a@b.co"} x"#, "The body is not valid JSON: error at byte 19"),
            InvalidJSON(#"{"email":"a@b.co"}{}"#, "The body is not valid JSON: error at byte 18"),
            InvalidJSON(#"{"email":01}"#, "The body is not valid JSON: error at byte 10"),
            InvalidJSON("{\"email\":\"a\u{0}\"}", "The body is not valid JSON: error at byte 11"),
            InvalidJSON("\u{FEFF}{}", "The body is not valid JSON: error at byte 0"),
            InvalidJSON([0x7B, 0xFF, 0x7D], "The body is not UTF-8 text"),
            InvalidJSON([0x22, 0xC3, 0x28, 0x22], "The body is not UTF-8 text"),
            InvalidJSON([0x22, 0xED, 0xA0, 0x80, 0x22], "The body is not UTF-8 text"),
            InvalidJSON(
                String(repeating: "[", count: 17) + String(repeating: "]", count: 17),
                "The body is nested deeper than 16 levels"),
            InvalidJSON(String(repeating: "[", count: 16_384), "The body is nested deeper than 16 levels"),
        ])
    func invalidJSON(_ testCase: InvalidJSON) async throws {
        let harness = try await SignInHarness()
        var request = Request.signIn()
        request.body = testCase.body
        let response = await harness.respond(to: request)
        #expect(response.status == .badRequest)
        #expect(response.text == #"{"error":"\#(testCase.error)","code":"invalid_json"}"#)
    }

    private static let issues = [
        OneIssue("[]", "", "invalid_type", "Invalid input: expected object, received array"),
        OneIssue("null", "", "invalid_type", "Invalid input: expected object, received null"),
        OneIssue(#""a@b.co""#, "", "invalid_type", "Invalid input: expected object, received string"),
        OneIssue("{}", "email", "invalid_type", "Invalid input: expected string, received undefined"),
        OneIssue(#"{"Email":"a@b.co"}"#, "email", "invalid_type", "Invalid input: expected string, received undefined"),
        OneIssue(#"{"email":null}"#, "email", "invalid_type", "Invalid input: expected string, received null"),
        OneIssue(#"{"email":7}"#, "email", "invalid_type", "Invalid input: expected string, received number"),
        OneIssue(#"{"email":true}"#, "email", "invalid_type", "Invalid input: expected string, received boolean"),
        OneIssue(#"{"email":{}}"#, "email", "invalid_type", "Invalid input: expected string, received object"),
        OneIssue(#"{"email":["a@b.co"]}"#, "email", "invalid_type", "Invalid input: expected string, received array"),
        OneIssue(#"{"email":""}"#, "email", "invalid_format", "Invalid email address"),
        OneIssue(#"{"email":" a@b.co"}"#, "email", "invalid_format", "Invalid email address"),
        OneIssue(#"{"email":"a@b.co,c@d.co"}"#, "email", "invalid_format", "Invalid email address"),
        OneIssue(#"{"email":"a@b.co\r\nBcc: c@d.co"}"#, "email", "invalid_format", "Invalid email address"),
        OneIssue(
            #"{"email":"\#(String(repeating: "a", count: 65))@b.co"}"#, "email", "invalid_format",
            "Invalid email address"),
        OneIssue(
            // 2 + 4 * 63 + 2 bytes are 256.
            #"{"email":"a@\#(String(repeating: String(repeating: "b", count: 62) + ".", count: 4))co"}"#, "email",
            "too_big", "Too big: expected string to have <=254 characters"),
        OneIssue(
            "callback_origin", value: "null", "invalid_type", "Invalid input: expected string, received null"),
        OneIssue("callback_origin", value: "7", "invalid_type", "Invalid input: expected string, received number"),
        OneIssue(
            "callback_origin", value: #"["https://body.example"]"#, "invalid_type",
            "Invalid input: expected string, received array"),
        OneIssue("callback_origin", value: "{}", "invalid_type", "Invalid input: expected string, received object"),
        OneIssue("callback_origin", value: "false", "invalid_type", "Invalid input: expected string, received boolean"),
        OneIssue("callback_origin", value: #""""#, "invalid_format", "Invalid URL"),
        OneIssue("callback_origin", value: #""body.example""#, "invalid_format", "Invalid URL"),
        OneIssue("callback_origin", value: #""//body.example""#, "invalid_format", "Invalid URL"),
        OneIssue("callback_origin", value: #"" https://body.example""#, "invalid_format", "Invalid URL"),
        OneIssue("callback_next", value: "null", "invalid_type", "Invalid input: expected string, received null"),
        OneIssue(
            "callback_next", value: #"["/x"]"#, "invalid_type", "Invalid input: expected string, received array"),
        OneIssue("callback_next", value: #""""#, "custom", "Must be a path within the portal, starting with /"),
        OneIssue(
            "callback_next", value: #""https://evil.example""#, "custom",
            "Must be a path within the portal, starting with /"),
        OneIssue(
            "callback_next", value: #""//evil.example""#, "custom", "Must not start with //, escaped or not"),
        OneIssue(
            "callback_next", value: #""/%2Fevil.example""#, "custom", "Must not start with //, escaped or not"),
        OneIssue(
            "callback_next", value: #""/\\evil.example""#, "custom",
            "Must not contain a backslash or control character, escaped or not"),
        OneIssue(
            "callback_next", value: #""/%255Cevil.example""#, "custom",
            "Must not contain a backslash or control character, escaped or not"),
        OneIssue(
            "callback_next", value: #""/x/%2e%2e/y""#, "custom", "Must not contain a .. segment, escaped or not"),
        OneIssue(
            "callback_next", value: #""/\#(String(repeating: "a", count: 2048))""#, "custom",
            "Must be at most 2048 bytes long"),
    ]

    @Test("an invalid body is refused, with the rule and the path", arguments: SendMagicLinkBodyTests.issues)
    func oneIssue(_ testCase: OneIssue) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .signIn(testCase.body))
        #expect(response.status == .badRequest)
        let expected = #"""
            {"error":"Invalid request","code":"validation_error",\#
            "fieldErrors":{"\#(testCase.path)":"\#(testCase.message)"},\#
            "issues":[{"path":"\#(testCase.path)","message":"\#(testCase.message)","code":"\#(testCase.code)"}]}
            """#
        #expect(response.text == expected)
    }

    @Test("all issues are reported in the order of the schema, whatever the order in the body")
    func allIssues() async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(
            to: .signIn(#"{"callback_next":"x","other":{},"callback_origin":"y","email":3}"#))
        let expected = #"""
            {"error":"Invalid request","code":"validation_error","fieldErrors":{\#
            "email":"Invalid input: expected string, received number","callback_origin":"Invalid URL",\#
            "callback_next":"Must be a path within the portal, starting with /"},"issues":[\#
            {"path":"email","message":"Invalid input: expected string, received number","code":"invalid_type"},\#
            {"path":"callback_origin","message":"Invalid URL","code":"invalid_format"},\#
            {"path":"callback_next","message":"Must be a path within the portal, starting with /",\#
            "code":"custom"}]}
            """#
        #expect(response.text == expected)
    }

    @Test("all issues of a field are reported, and fieldErrors has the first")
    func firstMessage() async throws {
        let harness = try await SignInHarness()
        let body = #"{"email":"\#(String(repeating: "a", count: 300))"}"#
        let response = await harness.respond(to: .signIn(body))
        let expected = #"""
            {"error":"Invalid request","code":"validation_error",\#
            "fieldErrors":{"email":"Invalid email address"},"issues":[\#
            {"path":"email","message":"Invalid email address","code":"invalid_format"},\#
            {"path":"email","message":"Too big: expected string to have <=254 characters","code":"too_big"}]}
            """#
        #expect(response.text == expected)
    }
}

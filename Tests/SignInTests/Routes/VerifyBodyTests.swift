import SignIn
import TestSupport
import Testing
import Web

@Suite
struct VerifyBodyTests {
    private static let paths = ["/auth/verify-magic-link", "/auth/verify-code"]
    private static let rule = "Must be 43 to 128 letters, digits, -, ., _ or ~ (RFC 7636, section 4.1)"

    /// A body with a verifier, which is given as JSON.
    private static func withVerifier(_ json: String) -> String { #"{"token":"x","code_verifier":\#(json)}"# }

    /// A body with a code, which is given as JSON.
    private static func withCode(_ json: String) -> String { #"{"request_id":"x","code":\#(json)}"# }

    private static func mismatch(_ body: String, _ path: String, _ received: String) -> OneIssue {
        OneIssue(body, path, "invalid_type", "Invalid input: expected string, received \(received)")
    }

    // MARK: - Tokens

    private static let tokenIssues = [
        mismatch("{}", "token", "undefined"),
        mismatch(#"{"Token":"x"}"#, "token", "undefined"),
        mismatch(#"{"token ":"x"}"#, "token", "undefined"),
        mismatch(#"{"token":null}"#, "token", "null"),
        mismatch(#"{"token":7}"#, "token", "number"),
        mismatch(#"{"token":true}"#, "token", "boolean"),
        mismatch(#"{"token":["x"]}"#, "token", "array"),
        mismatch(#"{"token":{"token":"x"}}"#, "token", "object"),
        OneIssue("[]", "", "invalid_type", "Invalid input: expected object, received array"),
        OneIssue(#""x""#, "", "invalid_type", "Invalid input: expected object, received string"),
        mismatch(withVerifier("null"), "code_verifier", "null"),
        mismatch(withVerifier("7"), "code_verifier", "number"),
        mismatch(withVerifier(#"["x"]"#), "code_verifier", "array"),
    ]

    private static let wrongVerifiers: [String] = [
        "", "x", String(repeating: "a", count: 42), String(repeating: "a", count: 129),
        String(repeating: "a", count: 8000), "\(SampleChallenge.verifier)=", "\(SampleChallenge.verifier) ",
        " \(SampleChallenge.verifier)", "\(SampleChallenge.verifier)+", "\(SampleChallenge.verifier)/",
        "\(SampleChallenge.verifier)%", "\(SampleChallenge.verifier)\\n", "\(SampleChallenge.verifier)\\u0000",
        "\(SampleChallenge.verifier)é", "\(SampleChallenge.verifier)\u{FF21}", String(repeating: "é", count: 43),
    ]

    @Test("token and verifier must be strings", arguments: VerifyBodyTests.tokenIssues)
    func token(testCase: OneIssue) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .json("/auth/verify-magic-link", testCase.body))
        #expect(response.status == .badRequest)
        #expect(response.text == testCase.answer)
    }

    @Test(
        "a verifier must have 43 to 128 unreserved characters, for a code as for a link",
        arguments: VerifyBodyTests.wrongVerifiers)
    func wrongVerifier(text: String) async throws {
        let harness = try await SignInHarness()
        let issue = OneIssue("", "code_verifier", "custom", VerifyBodyTests.rule)
        for start in [#""token":"x""#, #""request_id":"x","code":"123456""#] {
            let path = start.hasPrefix(#""token"#) ? VerifyBodyTests.paths[0] : VerifyBodyTests.paths[1]
            let response = await harness.respond(to: .json(path, #"{\#(start),"code_verifier":"\#(text)"}"#))
            #expect(response.status == .badRequest)
            #expect(response.text == issue.answer)
        }
    }

    @Test(
        "a valid body is accepted, whatever other members it has",
        arguments: [
            #"{"token":"x"}"#, #"{"token":""}"#, #"{"to\u006ben":"x"}"#,
            #"{"token":"x","request_id":7,"code":null,"other":[{"a":[]}]}"#, " {\n\"token\"\t: \"x\" }\r\n",
            VerifyBodyTests.withVerifier(#""\#(SampleChallenge.verifier)""#),
            VerifyBodyTests.withVerifier(#""\#(String(repeating: "~", count: 128))""#),
            VerifyBodyTests.withVerifier(#""\#(String(repeating: "-._~", count: 11))""#),
        ])
    func accepted(body: String) async throws {
        // Without Redis a valid body is answered with 503.
        let harness = try await SignInHarness()
        let request = Request.json("/auth/verify-magic-link", body, origin: "https://portal.example")
        #expect(await harness.respond(to: request).status == .serviceUnavailable)
    }

    @Test("all issues are reported, in the order of the schema")
    func allIssues() async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(
            to: .json("/auth/verify-code", #"{"code_verifier":"x","code":"12345","request_id":null}"#))
        let expected = #"""
            {"error":"Invalid request","code":"validation_error","fieldErrors":{\#
            "request_id":"Invalid input: expected string, received null","code":"Must be 6 digits",\#
            "code_verifier":"\#(VerifyBodyTests.rule)"},"issues":[\#
            {"path":"request_id","message":"Invalid input: expected string, received null","code":"invalid_type"},\#
            {"path":"code","message":"Must be 6 digits","code":"custom"},\#
            {"path":"code_verifier","message":"\#(VerifyBodyTests.rule)","code":"custom"}]}
            """#
        #expect(response.text == expected)
    }

    // MARK: - Codes

    private static let codeIssues = [
        mismatch(#"{"code":"123456"}"#, "request_id", "undefined"),
        mismatch(#"{"request_id":null,"code":"123456"}"#, "request_id", "null"),
        mismatch(#"{"request_id":7,"code":"123456"}"#, "request_id", "number"),
        mismatch(#"{"request_id":["x"],"code":"123456"}"#, "request_id", "array"),
        mismatch(#"{"request_id":"x"}"#, "code", "undefined"),
        mismatch(withCode("null"), "code", "null"),
        mismatch(withCode("123456"), "code", "number"),
        mismatch(withCode("123456.0"), "code", "number"),
        mismatch(withCode("true"), "code", "boolean"),
        mismatch(withCode(#"["1","2","3","4","5","6"]"#), "code", "array"),
        mismatch(withCode("{}"), "code", "object"),
    ]

    @Test("code and code handle must be strings", arguments: VerifyBodyTests.codeIssues)
    func code(testCase: OneIssue) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .json("/auth/verify-code", testCase.body))
        #expect(response.status == .badRequest)
        #expect(response.text == testCase.answer)
    }

    @Test(
        "a code must be six ASCII digits",
        arguments: [
            "", "1", "12345", "1234567", "000000000000", " 123456", "123456 ", "12345 ", "123 456", "123-456",
            "12345a", "abcdef", "+12345", "-12345", "1e5000", "0x1234", "12.456", "123456\\n", "\\n12345",
            "12345\\u0000", "12345\u{2460}", "123456\u{301}", "12345\u{FE0F}", "\u{FF11}2345",
            // Full-width, Arabic and superscript digits. The last two texts have six bytes.
            "\u{FF11}\u{FF12}\u{FF13}\u{FF14}\u{FF15}\u{FF16}", "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "\u{661}\u{662}\u{663}", "\u{B2}\u{B3}\u{B9}",
        ])
    func wrongCode(text: String) async throws {
        let harness = try await SignInHarness()
        let issue = OneIssue("", "code", "custom", "Must be 6 digits")
        let response = await harness.respond(to: .json("/auth/verify-code", VerifyBodyTests.withCode(#""\#(text)""#)))
        #expect(response.status == .badRequest)
        #expect(response.text == issue.answer)
    }

    // MARK: - Both routes

    @Test("a body that is not JSON is refused", arguments: VerifyBodyTests.paths)
    func notJSON(path: String) async throws {
        let harness = try await SignInHarness()
        for body in ["", "{", "token=x", #"{"token":"x",}"#, "{'token':'x'}"] {
            let response = await harness.respond(to: .json(path, body))
            #expect(response.status == .badRequest)
            #expect(response.code == "invalid_json")
        }
        for type in [
            nil, "", "text/plain", "text/plain; application/json", "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x", "application/json; charset=latin1", "application/json, application/json",
        ] as [String?] {
            let response = await harness.respond(to: .json(path, #"{"token":"x"}"#, contentType: type))
            #expect(response.status == .unsupportedMediaType)
            #expect(response.code == "unsupported_media_type")
        }
        for type in ["application/json", "Application/JSON; charset=UTF-8", "application/json;v=1"] {
            let response = await harness.respond(to: .json(path, "{}", contentType: type))
            #expect(response.code == "validation_error")
        }
    }

    private static let foreignOrigins = [
        "https://evil.example", "null", "", "*", "http://portal.example", "https://portal.example:444",
        "https://portal.example.evil.example", "https://portal.example/x",
        "https://portal.example, https://portal.example",
    ]

    @Test(
        "another site can verify neither a token nor a code, and uses nothing up",
        arguments: VerifyBodyTests.foreignOrigins)
    func foreignOrigin(origin: String) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let requested = try await harness.requestCode()
        let before = try await harness.contents()
        for request in [
            Request.verify(requested.token, origin: origin),
            .verify(code: requested.code, of: requested.handle, origin: origin),
            .verify(code: requested.wrongCode, of: requested.handle, origin: origin),
        ] {
            let response = await harness.respond(to: request)
            #expect(response.status == .badRequest)
            #expect(response.code == "origin_not_allowed")
            #expect(response.fields[.accessControlAllowOrigin] == nil)
        }
        #expect(try await harness.contents() == before)
        #expect(await harness.respond(to: .verify(requested.token)).status == .ok)
    }

    @Test("a page of the portal can verify both, and read the response", arguments: VerifyBodyTests.paths)
    func ownOrigin(path: String) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let requested = try await harness.requestCode()
        let origin = "https://portal.example"
        let request: Request =
            path == VerifyBodyTests.paths[0]
            ? .verify(requested.token, origin: origin)
            : .verify(code: requested.code, of: requested.handle, origin: origin)
        let response = await harness.respond(to: request)
        #expect(response.status == .ok)
        #expect(response.fields[.accessControlAllowOrigin] == origin)
    }

    @Test("both paths answer POST and preflights, and nothing else", arguments: VerifyBodyTests.paths)
    func methods(path: String) async throws {
        for basePath in ["", "/api/v1"] {
            let harness = try await SignInHarness(basePath: basePath)
            for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "post"] {
                let response = await harness.respond(to: RouteCase(method, basePath + path).request)
                #expect(response.status == .methodNotAllowed)
                #expect(response.fields[.allow] == "POST, OPTIONS")
            }
            let preflight = Request(
                method: .options, path: basePath + path, fields: ["Origin": "https://portal.example"])
            let response = await harness.respond(to: preflight)
            #expect(response.status == .noContent)
            #expect(response.fields[.allow] == "POST, OPTIONS")
            #expect(response.fields[.accessControlAllowOrigin] == "https://portal.example")
            #expect(await harness.respond(to: .json(basePath + path, "{}")).code == "validation_error")
            let whole = basePath + path
            for wrong in ["\(whole)/", "/\(whole)", "/x\(whole)", "\(whole)\u{301}", "\(whole)?", whole.uppercased()] {
                #expect(await harness.respond(to: .json(wrong, "{}")).status == .notFound)
            }
        }
    }
}

import SignIn
import Testing
import Validation

@testable import Edge

/// A refusal, and all that is told of it.
struct ToldRefusal: Sendable, CustomTestStringConvertible {
    let refusal: Refusal
    let status: Int
    let body: String
    var retryAfter: String?
    var allow: String?

    var testDescription: String { refusal.code.rawValue }
}

@Suite("what the sender of a refused request is told")
struct RefusalTests {
    private static let told = [
        ToldRefusal(
            refusal: .badRequest, status: 400,
            body: #"{"error":"The request is not valid HTTP/1.1","code":"bad_request"}"#),
        ToldRefusal(
            refusal: .origin(.required), status: 400,
            body: #"""
                {"error":"The request names no origin: send callback_origin, or an Origin header",\#
                "code":"origin_required"}
                """#),
        ToldRefusal(
            refusal: .origin(.notAllowed(.origin, .userInformation)), status: 400,
            body: #"""
                {"error":"The header Origin must not hold a user name or password","code":"origin_not_allowed"}
                """#),
        ToldRefusal(
            refusal: .origin(.notAllowed(.body, .port)), status: 400,
            body: #"""
                {"error":"callback_origin must have a port from 1 to 65535, or none","code":"origin_not_allowed",\#
                "fieldErrors":{"callback_origin":"callback_origin must have a port from 1 to 65535, or none"},\#
                "issues":[{"path":"callback_origin",\#
                "message":"callback_origin must have a port from 1 to 65535, or none","code":"custom"}]}
                """#),
        ToldRefusal(
            refusal: .tokenInvalid, status: 400,
            body: #"""
                {"error":"This link was used, has expired or never worked: ask for a new one","code":"token_invalid"}
                """#),
        ToldRefusal(
            refusal: .codeInvalid, status: 400,
            body:
                #"{"error":"The code is wrong, used or expired: open the link in the mail, or ask for a new one","code":"code_invalid"}"#
        ),
        ToldRefusal(
            refusal: .notForm, status: 415,
            body: #"""
                {"error":"Send the body as a form, with Content-Type: application/x-www-form-urlencoded",\#
                "code":"unsupported_media_type"}
                """#),
        ToldRefusal(
            refusal: .notFound, status: 404, body: #"{"error":"There is nothing at this path","code":"not_found"}"#),
        ToldRefusal(
            refusal: .methodNotAllowed("GET, HEAD, OPTIONS"), status: 405,
            body: #"{"error":"This path answers GET, HEAD, OPTIONS","code":"method_not_allowed"}"#,
            allow: "GET, HEAD, OPTIONS"),
        ToldRefusal(
            refusal: .requestTimeout, status: 408,
            body: #"{"error":"The request took too long to arrive","code":"request_timeout"}"#),
        ToldRefusal(
            refusal: .payloadTooLarge, status: 413,
            body: #"{"error":"The body is larger than 16384 bytes","code":"payload_too_large"}"#),
        ToldRefusal(
            refusal: .notJSON, status: 415,
            body: #"""
                {"error":"Send the body as JSON in UTF-8, with Content-Type: application/json",\#
                "code":"unsupported_media_type"}
                """#),
        ToldRefusal(
            refusal: .rateLimited(retryAfter: .seconds(12)), status: 429,
            body: #"{"error":"Too many requests: try again in 12 seconds","code":"rate_limited","retryAfter":12}"#,
            retryAfter: "12"),
        ToldRefusal(
            refusal: .rateLimited(retryAfter: .seconds(1)), status: 429,
            body: #"{"error":"Too many requests: try again in 1 second","code":"rate_limited","retryAfter":1}"#,
            retryAfter: "1"),
        ToldRefusal(
            refusal: .headerFieldsTooLarge, status: 431,
            body: #"{"error":"The header fields of the request are too large","code":"header_fields_too_large"}"#),
        ToldRefusal(
            refusal: .internalError, status: 500,
            body: #"{"error":"Something went wrong on our side","code":"internal_error"}"#),
        ToldRefusal(
            refusal: .serviceUnavailable(retryAfter: .seconds(30)), status: 503,
            body: #"""
                {"error":"Sign-in is not available right now: try again shortly",\#
                "code":"service_unavailable","retryAfter":30}
                """#,
            retryAfter: "30"),
    ]

    @Test("each has its status, and its body to the letter", arguments: RefusalTests.told)
    func body(_ told: ToldRefusal) {
        let response = told.refusal.response
        #expect(response.status.rawValue == told.status)
        #expect(String(decoding: response.body, as: UTF8.self) == told.body)
        #expect(response.fields[.contentType] == "application/json")
        #expect(response.fields[.retryAfter] == told.retryAfter)
        #expect(response.fields[.allow] == told.allow)
    }

    @Test("quotes, backslashes and control characters in a sentence are escaped")
    func escaped() {
        let issue = Issue(path: "a\"b", code: .custom, message: "\\c\n\u{7F}")
        let body = String(decoding: Refusal.invalid(ValidationError(issues: [issue])).response.body, as: UTF8.self)
        #expect(body.contains(#""fieldErrors":{"a\"b":"\\c\u000a\u007f"}"#))
    }

    @Test("the codes are those of the description, each with its status")
    func codes() {
        let statuses = Dictionary(
            uniqueKeysWithValues: Refusal.Code.allCases.map { ($0.rawValue, $0.status.rawValue) })
        #expect(
            statuses == [
                "bad_request": 400, "invalid_json": 400, "validation_error": 400, "origin_not_allowed": 400,
                "origin_required": 400, "token_invalid": 400, "code_invalid": 400, "not_found": 404,
                "method_not_allowed": 405, "request_timeout": 408,
                "payload_too_large": 413, "unsupported_media_type": 415, "rate_limited": 429,
                "header_fields_too_large": 431, "internal_error": 500, "service_unavailable": 503,
            ])
    }

    @Test(
        "a wait is told in whole seconds, rounded up, and never as none",
        arguments: [
            (.zero, 1), (.nanoseconds(1), 1), (.milliseconds(200), 1), (.milliseconds(999), 1), (.seconds(1), 1),
            (.microseconds(1_000_001), 2), (.microseconds(11_000_001), 12), (.seconds(12), 12),
            (.milliseconds(59_999), 60), (.seconds(86_400), 86_400),
        ] as [(Duration, Int)])
    func roundedUp(wait: Duration, seconds: Int) {
        for refusal in [Refusal.rateLimited(retryAfter: wait), Refusal.serviceUnavailable(retryAfter: wait)] {
            let response = refusal.response
            #expect(response.fields[.retryAfter] == "\(seconds)")
            #expect(String(decoding: response.body, as: UTF8.self).hasSuffix(#","retryAfter":\#(seconds)}"#))
        }
    }
}

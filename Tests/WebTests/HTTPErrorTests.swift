import Net
import Testing

@testable import Web

/// An error, and the response that is expected for it.
struct ResponseCase: Sendable, CustomTestStringConvertible {
    let error: HTTPError
    let status: Int
    let body: String
    var retryAfter: String?
    var allow: String?

    var testDescription: String { error.code.rawValue }
}

@Suite
struct HTTPErrorTests {
    static let cases = [
        ResponseCase(
            error: .badRequest, status: 400,
            body: #"{"error":"The request is not valid HTTP/1.1","code":"bad_request"}"#),
        ResponseCase(
            error: .origin(.required), status: 400,
            body: #"""
                {"error":"The request has no origin: send callback_origin or an Origin header",\#
                "code":"origin_required"}
                """#),
        ResponseCase(
            error: .origin(.notAllowed(.origin, .originUserInformation)), status: 400,
            body: #"""
                {"error":"The Origin header must not contain a user name or password","code":"origin_not_allowed"}
                """#),
        ResponseCase(
            error: .origin(.notAllowed(.body, .originPort)), status: 400,
            body: #"""
                {"error":"callback_origin must have a port from 1 to 65535, or none","code":"origin_not_allowed",\#
                "fieldErrors":{"callback_origin":"callback_origin must have a port from 1 to 65535, or none"},\#
                "issues":[{"path":"callback_origin",\#
                "message":"callback_origin must have a port from 1 to 65535, or none","code":"custom"}]}
                """#),
        ResponseCase(
            error: .notForm, status: 415,
            body: #"""
                {"error":"Send a form body, with Content-Type: application/x-www-form-urlencoded",\#
                "code":"unsupported_media_type"}
                """#),
        ResponseCase(
            error: .notFound, status: 404, body: #"{"error":"There is nothing at this path","code":"not_found"}"#),
        ResponseCase(
            error: .methodNotAllowed("GET, HEAD, OPTIONS"), status: 405,
            body: #"{"error":"This path supports only GET, HEAD, OPTIONS","code":"method_not_allowed"}"#,
            allow: "GET, HEAD, OPTIONS"),
        ResponseCase(
            error: .requestTimeout, status: 408,
            body: #"{"error":"The request took too long to arrive","code":"request_timeout"}"#),
        ResponseCase(
            error: .payloadTooLarge, status: 413,
            body: #"{"error":"The body is larger than 16384 bytes","code":"payload_too_large"}"#),
        ResponseCase(
            error: .notJSON, status: 415,
            body: #"""
                {"error":"Send a JSON body in UTF-8, with Content-Type: application/json",\#
                "code":"unsupported_media_type"}
                """#),
        ResponseCase(
            error: .rateLimited(retryAfter: .seconds(12)), status: 429,
            body: #"{"error":"Too many requests: try again in 12 seconds","code":"rate_limited","retryAfter":12}"#,
            retryAfter: "12"),
        ResponseCase(
            error: .rateLimited(retryAfter: .seconds(1)), status: 429,
            body: #"{"error":"Too many requests: try again in 1 second","code":"rate_limited","retryAfter":1}"#,
            retryAfter: "1"),
        ResponseCase(
            error: .headerFieldsTooLarge, status: 431,
            body: #"{"error":"The request headers are too large","code":"header_fields_too_large"}"#),
        ResponseCase(
            error: .internalError, status: 500,
            body: #"{"error":"Something went wrong on our side","code":"internal_error"}"#),
        ResponseCase(
            error: .serviceUnavailable(retryAfter: .seconds(30)), status: 503,
            body: #"""
                {"error":"The service is unavailable right now: try again shortly",\#
                "code":"service_unavailable","retryAfter":30}
                """#,
            retryAfter: "30"),
    ]

    @Test("each error has exactly its status, fields and body", arguments: HTTPErrorTests.cases)
    func body(_ expected: ResponseCase) {
        let response = expected.error.response()
        #expect(response.status.rawValue == expected.status)
        #expect(String(decoding: response.body, as: UTF8.self) == expected.body)
        #expect(response.fields[.contentType] == "application/json")
        #expect(response.fields[.contentLanguage] == "en")
        #expect(response.fields[.retryAfter] == expected.retryAfter)
        #expect(response.fields[.allow] == expected.allow)
    }

    @Test("quotes, backslashes and control characters in a sentence are escaped")
    func escaped() {
        let issue = Issue(path: "a\"b", code: .custom, message: "\\c\n\u{7F}")
        let body = String(decoding: HTTPError.invalid(ValidationError(issues: [issue])).response().body, as: UTF8.self)
        #expect(body.contains(#""fieldErrors":{"a\"b":"\\c\u000a\u007f"}"#))
    }

    @Test(
        "a wait is given in whole seconds, rounded up, at least 1",
        arguments: [
            (.zero, 1), (.nanoseconds(1), 1), (.milliseconds(200), 1), (.milliseconds(999), 1), (.seconds(1), 1),
            (.microseconds(1_000_001), 2), (.microseconds(11_000_001), 12), (.seconds(12), 12),
            (.milliseconds(59_999), 60), (.seconds(86_400), 86_400),
        ] as [(Duration, Int)])
    func roundedUp(wait: Duration, seconds: Int) {
        for refusal in [HTTPError.rateLimited(retryAfter: wait), HTTPError.serviceUnavailable(retryAfter: wait)] {
            let response = refusal.response()
            #expect(response.fields[.retryAfter] == "\(seconds)")
            #expect(String(decoding: response.body, as: UTF8.self).hasSuffix(#","retryAfter":\#(seconds)}"#))
        }
    }
}

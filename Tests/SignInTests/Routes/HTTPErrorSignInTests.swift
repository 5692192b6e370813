import Testing
import Web

@testable import SignIn

@Suite
struct HTTPErrorSignInTests {
    @Test("a token that is not accepted is answered with one sentence")
    func tokenInvalid() {
        let response = HTTPError.tokenInvalid.response()
        #expect(response.status == .badRequest)
        let expected = #"""
            {"error":"This link is invalid, expired or already used: request a new one","code":"token_invalid"}
            """#
        #expect(response.text == expected)
    }

    @Test("a code that is not accepted is answered with one sentence")
    func codeInvalid() {
        let response = HTTPError.codeInvalid.response()
        #expect(response.status == .badRequest)
        let expected = #"""
            {"error":"That code didn't work: check it, or open the link in the email instead","code":"code_invalid"}
            """#
        #expect(response.text == expected)
    }

    @Test("the codes are those of openapi.yaml, each with its status")
    func codes() throws {
        let codes: [HTTPError.Code] = [
            .badRequest, .invalidJSON, .validationError, .originNotAllowed, .originRequired, .tokenInvalid,
            .codeInvalid, .notFound, .methodNotAllowed, .requestTimeout, .payloadTooLarge, .unsupportedMediaType,
            .rateLimited, .headerFieldsTooLarge, .internalError, .serviceUnavailable,
        ]
        #expect(
            Dictionary(uniqueKeysWithValues: codes.map { ($0.rawValue, $0.status.rawValue) }) == [
                "bad_request": 400, "invalid_json": 400, "validation_error": 400, "origin_not_allowed": 400,
                "origin_required": 400, "token_invalid": 400, "code_invalid": 400, "not_found": 404,
                "method_not_allowed": 405, "request_timeout": 408, "payload_too_large": 413,
                "unsupported_media_type": 415, "rate_limited": 429, "header_fields_too_large": 431,
                "internal_error": 500, "service_unavailable": 503,
            ])
    }
}

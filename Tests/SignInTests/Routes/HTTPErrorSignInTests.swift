import Testing
import Web

@testable import SignIn

@Suite
struct HTTPErrorSignInTests {
    @Test("a token that is not accepted is answered with one sentence")
    func tokenInvalid() {
        let response = HTTPError.tokenInvalid.response
        #expect(response.status == .badRequest)
        let expected = #"""
            {"error":"This link is invalid, expired or already used: request a new one","code":"token_invalid"}
            """#
        #expect(response.text == expected)
    }

    @Test("a code that is not accepted is answered with one sentence")
    func codeInvalid() {
        let response = HTTPError.codeInvalid.response
        #expect(response.status == .badRequest)
        let expected = #"""
            {"error":"That code didn't work: check it, or open the link in the email instead","code":"code_invalid"}
            """#
        #expect(response.text == expected)
    }
}

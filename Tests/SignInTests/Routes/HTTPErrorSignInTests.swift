import Testing
import Web

@testable import SignIn

@Suite
struct HTTPErrorSignInTests {
    @Test("a token that is not accepted is answered with one sentence")
    func tokenInvalid() {
        let response = HTTPError.tokenInvalid.response
        #expect(response.status == .badRequest)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"error":"This link was used, has expired or never worked: ask for a new one","code":"token_invalid"}"#)
    }

    @Test("a code that is not accepted is answered with one sentence")
    func codeInvalid() {
        let response = HTTPError.codeInvalid.response
        #expect(response.status == .badRequest)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"error":"The code is wrong, used or expired: open the link in the mail, or ask for a new one","code":"code_invalid"}"#)
    }
}

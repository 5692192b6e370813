import Cryptography
import MailQueue
import Net
import Platform

/// A sign-in request: the link to send, its recipient, and the options of the request.
package struct SignInRequest: Sendable {
    /// A code for the browser that sent the request.
    package struct CodeRequest: Sendable {
        /// Returned to the browser, and not in the email.
        package let handle: CodeHandle
        /// In the email, and not returned to the browser.
        package let code: SignInCode

        package init(handle: CodeHandle, code: SignInCode) {
            self.handle = handle
            self.code = code
        }

        /// Draws a code, and a handle at a place.
        package init(at place: Place, random: RandomBytes) throws(CryptoError) {
            self.init(
                handle: try CodeHandle(at: place, random: random), code: try SignInCode(random: random))
        }
    }

    /// The link. Its token identifies the request.
    package let link: MagicLink
    /// The address that the email is sent to.
    package let recipient: EmailAddress
    /// The language of the email.
    package let language: Language
    /// The challenge that a verifier must match; `nil` if the link works in every browser.
    package let challenge: CodeChallenge?
    /// The code to sign in with instead of the link; `nil` if none was requested.
    package let codeRequest: CodeRequest?
    /// The text that the assertion repeats; `nil` if there is none.
    package let nonce: String?

    package init(
        link: MagicLink, recipient: EmailAddress, language: Language = .english, challenge: CodeChallenge? = nil,
        codeRequest: CodeRequest? = nil, nonce: String? = nil
    ) {
        self.nonce = nonce
        self.link = link
        self.recipient = recipient
        self.language = language
        self.challenge = challenge
        self.codeRequest = codeRequest
    }
}

extension MailJob {
    /// The job that sends a request's email.
    package init(for request: SignInRequest, isNewestOnly: Bool = false, issuedAt: UnixTime, expiresAt: UnixTime) {
        var values: [Value] = [.text("portal", request.link.origin.authority)]
        if isNewestOnly { values.append(.flag("newestOnly", true)) }
        var secrets = [Slot("link", request.link.url)]
        if let code = request.codeRequest?.code { secrets.append(Slot("code", code.text)) }
        self.init(
            id: request.link.token.id, recipients: [request.recipient],
            content: .template(name: "sign-in", values: values, secrets: secrets, language: request.language),
            issuedAt: issuedAt, expiresAt: expiresAt)
    }
}

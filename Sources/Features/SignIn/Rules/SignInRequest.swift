import MailQueue
import Net
import Platform

/// A request to sign in: the link that answers it, and all that belongs to it.
package struct SignInRequest: Sendable {
    /// A code for the browser that sent the request.
    package struct CodeRequest: Sendable {
        /// Given to the browser alone.
        package let handle: CodeHandle
        /// In the email alone.
        package let code: SignInCode

        package init(handle: CodeHandle, code: SignInCode) {
            self.handle = handle
            self.code = code
        }
    }

    /// The link. Its token identifies the request.
    package let link: MagicLink
    /// The address that the email is sent to.
    package let recipient: EmailAddress
    /// The language of the email.
    package let language: Language
    /// The challenge that a verifier must match; `nil` if the link works for anyone who opens it.
    package let challenge: CodeChallenge?
    /// The code to sign in with instead of the link; `nil` if none was requested.
    package let codeRequest: CodeRequest?

    package init(
        link: MagicLink, recipient: EmailAddress, language: Language = .english, challenge: CodeChallenge? = nil,
        codeRequest: CodeRequest? = nil
    ) {
        self.link = link
        self.recipient = recipient
        self.language = language
        self.challenge = challenge
        self.codeRequest = codeRequest
    }
}

extension MailJob {
    /// The email that takes a request's link to a person.
    package init(for request: SignInRequest, isNewestOnly: Bool = false, issuedAt: UnixTime, expiresAt: UnixTime) {
        self.init(
            id: request.link.token.id, recipient: request.recipient, link: request.link.url,
            code: request.codeRequest?.code.text, origin: request.link.origin, language: request.language,
            isNewestOnly: isNewestOnly, issuedAt: issuedAt, expiresAt: expiresAt)
    }
}

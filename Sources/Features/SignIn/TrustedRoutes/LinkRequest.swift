import Bytes
import MailQueue
import Net
import Platform
import SignIn

/// A trusted caller's request for a link, and what was drawn for it.
struct LinkRequest: Sendable {
    let link: MagicLink
    let recipient: EmailAddress
    let purpose: LinkPurpose
    let claims: JSONObject?
    var nonce: String?
    /// The time for which the link works.
    let lifetime: Duration
    /// The language of the email.
    let language: Language
    /// Whether the link is mailed. Otherwise it is in the answer.
    let isMailed: Bool
    /// The code in the answer; `nil` if it has none.
    let code: SignInRequest.CodeRequest?
    let issuedAt: UnixTime

    /// The time from which the link no longer works.
    var expiresAt: UnixTime { issuedAt + lifetime }

    /// The data that is stored with the link.
    var record: TokenRecord {
        TokenRecord(
            email: recipient, origin: link.origin, next: link.next, issuedAt: issuedAt, expiresAt: expiresAt,
            nonce: nonce, purpose: purpose, claims: claims)
    }
}

extension MailJob {
    /// The job that sends a link's email, in the words of its purpose.
    init(for request: LinkRequest) {
        let template =
            switch request.purpose {
            case .signIn: "sign-in"
            case .invite: "invite"
            case .verifyEmail: "verify-email"
            }
        self.init(
            id: request.link.token.id, recipients: [request.recipient],
            content: .template(
                name: template, values: [.text("portal", request.link.origin.authority)],
                secrets: [Slot("link", request.link.url)], language: request.language),
            issuedAt: request.issuedAt, expiresAt: request.expiresAt)
    }
}

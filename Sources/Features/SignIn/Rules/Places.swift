import Cryptography
import Net

/// Derives the places of links from the deployment's first key, by HMAC (RFC 2104).
struct Places: Sendable {
    private let authentication: MessageAuthentication

    init(_ key: Secret) {
        let primary = MessageAuthentication(key: key)
        authentication = MessageAuthentication(key: primary.derivedKey(for: "postern recipient bucket 1"))
    }

    /// The place of links to a recipient.
    /// - Parameter challenge: `nil` for links that work in every browser.
    func place(for recipient: EmailAddress, _ portal: Origin, _ challenge: CodeChallenge?) -> Place {
        // No address contains a space, so no recipient has a tag that is another one's second half.
        Place(half(recipient.text) + half("\(recipient.text) \(portal) \(challenge?.text ?? "-")"))
    }

    private func half(_ text: String) -> [UInt8] {
        authentication.tag(of: Array(text.utf8)).withUnsafeBytes { Array($0.prefix(Place.byteCount / 2)) }
    }
}

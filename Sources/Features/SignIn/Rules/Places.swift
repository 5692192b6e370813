import Bytes
import Cryptography
import Net
import Web

/// Derives the places of links from the deployment's first key, by HMAC (RFC 2104).
struct Places: Sendable {
    private let tags: AddressTags

    init(_ key: Secret) {
        tags = AddressTags(key, purpose: "postern recipient bucket 1")
    }

    /// The place of links to a recipient.
    /// - Parameter challenge: `nil` for links that work in every browser.
    func place(for recipient: EmailAddress, _ portal: Origin, _ challenge: CodeChallenge?) -> Place {
        place(for: recipient, portal, challenge?.text ?? "-")
    }

    /// The place of links to a recipient that a trusted caller requests for a purpose. It is not that of the links
    /// which anybody can request, nor that of another caller, so these end none of them.
    func place(
        for recipient: EmailAddress, _ portal: Origin, _ purpose: LinkPurpose, of caller: Caller
    ) -> Place {
        // No challenge contains a full stop, and no purpose a space.
        place(for: recipient, portal, ".\(purpose.rawValue) \(caller.id)")
    }

    /// The tag that the places of a recipient begin with, as 16 lower-case hexadecimal digits.
    func recipientTag(of address: String) -> String { hexadecimal(tags.bytes(of: address)) }

    private func place(for recipient: EmailAddress, _ portal: Origin, _ third: String) -> Place {
        // No address contains a space, so no recipient has a tag that is another one's second half.
        Place(tags.bytes(of: recipient.text) + tags.bytes(of: "\(recipient.text) \(portal) \(third)"))
    }
}

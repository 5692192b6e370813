import Bytes
import Cryptography

/// Names email addresses by tags, under which Redis may count and store: HMACs (RFC 2104) under a key of the deployment, cut
/// to 8 bytes. They tell nothing about the address to those who do not have the key.
package struct AddressTags: Sendable {
    /// The length of a tag.
    package static let byteCount = 8

    private let authentication: MessageAuthentication

    /// - Parameters:
    ///   - key: the deployment's first key.
    ///   - purpose: the purpose of the tags. Those for another purpose have nothing in common with these.
    package init(_ key: Secret, purpose: String) {
        authentication = MessageAuthentication(key: MessageAuthentication(key: key).derivedKey(for: purpose))
    }

    /// The tag of an address, as 16 lower-case hexadecimal digits.
    package func tag(of address: EmailAddress) -> String { hexadecimal(bytes(of: address.text)) }

    /// The tag of a text that begins with an address.
    package func bytes(of text: String) -> [UInt8] {
        authentication.tag(of: Array(text.utf8)).withUnsafeBytes { Array($0.prefix(AddressTags.byteCount)) }
    }
}

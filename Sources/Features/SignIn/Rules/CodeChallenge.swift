import Bytes
import Cryptography
import Web

/// The S256 challenge that binds a link to the browser that requested it (RFC 7636 §4.2): the SHA-256 of a verifier
/// that only this browser knows, as 43 characters of base64url.
package struct CodeChallenge: Sendable, Hashable {
    package let text: String

    /// Reads a challenge from a JSON value.
    package static let schema: Schema<CodeChallenge> = string().transform { text in
        // The last character has two unused bits. Only the spelling with zeros there is accepted.
        guard text.utf8.count == 43, Secret(base64URL: text)?.withUnsafeBytes(base64URL) == text else {
            return .refused(
                Finding(.custom, "Must be a SHA-256 digest in base64url: 43 characters (RFC 7636, section 4.2)"))
        }
        return .value(CodeChallenge(text: text))
    }

    /// The challenge of a verifier.
    package init(of verifier: CodeVerifier) {
        self.init(text: Digest.sha256.bytes(of: Array(verifier.text.utf8)).withUnsafeBytes(base64URL))
    }

    private init(text: String) {
        self.text = text
    }
}

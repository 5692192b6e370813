public import Secrets
public import Validation

/// The S256 challenge that binds a link to who asked for it (RFC 7636 §4.2): the SHA-256 of a verifier that only they
/// know, as 43 characters of base64url.
public struct CodeChallenge: Sendable, Hashable {
    public let text: String

    /// Reads a challenge out of a JSON value.
    public static let schema: Schema<CodeChallenge> = string().transform { text in
        // The last character has two bits to spare; only one spelling is what a digest is written as.
        guard text.utf8.count == 43, Secret(base64URL: text)?.withUnsafeBytes(base64URL) == text else {
            let rule = "Must be the base64url of a SHA-256: 43 characters (RFC 7636, section 4.2)"
            return .refused(Finding(.custom, rule))
        }
        return .value(CodeChallenge(text: text))
    }

    /// The challenge that a verifier fits.
    public init(of verifier: CodeVerifier) throws(SecretsError) {
        self.init(text: try Digest.sha256.bytes(of: Array(verifier.text.utf8)).withUnsafeBytes(base64URL))
    }

    private init(text: String) {
        self.text = text
    }
}

/// What proves that a link is opened by who asked for it: 43 to 128 unreserved characters (RFC 7636 §4.1).
public struct CodeVerifier: Sendable {
    /// Not to be logged or stored.
    let text: String

    /// Reads a verifier out of a JSON value.
    public static let schema: Schema<CodeVerifier> = string().transform { text in
        guard (43...128).contains(text.utf8.count), text.utf8.allSatisfy(\.isUnreserved) else {
            return .refused(Finding(.custom, "Must be 43 to 128 letters, digits, -, ., _ or ~ (RFC 7636, section 4.1)"))
        }
        return .value(CodeVerifier(text: text))
    }
}

extension CodeVerifier: CustomStringConvertible, CustomReflectable {
    public var description: String { "<secret>" }

    public var customMirror: Mirror { Mirror(self, children: []) }
}

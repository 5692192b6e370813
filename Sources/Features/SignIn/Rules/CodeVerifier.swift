import Bytes
import Web

/// The secret that proves that a link is opened in the browser that requested it: 43 to 128 unreserved characters (RFC
/// 7636 §4.1).
package struct CodeVerifier: Sendable {
    /// Not to be logged or stored.
    let text: String

    /// Reads a verifier from a JSON value.
    package static let schema: Schema<CodeVerifier> = string().transform { text in
        guard (43...128).contains(text.utf8.count), text.utf8.allSatisfy(\.isUnreserved) else {
            return .refused(Finding(.custom, "Must be 43 to 128 letters, digits, -, ., _ or ~ (RFC 7636, section 4.1)"))
        }
        return .value(CodeVerifier(text: text))
    }
}

extension CodeVerifier: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

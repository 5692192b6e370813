import Bytes
import Cryptography

/// The style sheet of the confirmation page, which is embedded in the page.
///
/// A button that was pressed with a pointer accepts no second click. A second click would cancel the navigation to the
/// portal, which may already have used the exchange token.
enum ConfirmationStyle {
    static let text = String(decoding: PackageResources.confirmation_css, as: UTF8.self)

    /// The source expression that allows this style sheet and no other: its SHA-256 (CSP Level 3 §2.3.1).
    static let source: String = {
        let digest = Digest.sha256.bytes(of: PackageResources.confirmation_css)
        return "sha256-" + digest.withUnsafeBytes(base64)
    }()
}

import Bytes
import Cryptography

/// The landing page's style sheet, which stands in the page itself.
///
/// A button that a pointer has pressed takes no second click: that would call back the way to the portal, where the
/// fresh token may have been taken already.
enum ConfirmationStyle {
    static let text = String(decoding: PackageResources.confirmation_css, as: UTF8.self)

    /// What allows this style sheet and no other (CSP Level 3 §2.3.1): its SHA-256. Where that cannot be made the page
    /// stays unstyled.
    static let source: String = {
        let digest = Digest.sha256.bytes(of: PackageResources.confirmation_css)
        return "sha256-" + digest.withUnsafeBytes(base64)
    }()
}

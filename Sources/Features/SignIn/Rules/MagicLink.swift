import Bytes
import Net

/// The link that a person opens to sign in.
///
/// Without a confirmation page it is `<origin><callback path>?token=<43 characters of base64url>`, followed by
/// `&next=<path>` if the request had a path. With a confirmation page it is
/// `<public URL>/auth/open?token=<43 characters of base64url>`.
package struct MagicLink: Sendable {
    package let origin: Origin
    /// The portal's page that receives the token.
    package let callbackPath: PortalPath
    package let token: LoginToken
    /// The path in the portal to go to after sign-in; `nil` if none was requested.
    package let next: PortalPath?
    /// The public URL of the confirmation page; `nil` if the link leads to the portal directly.
    package let publicURL: PublicURL?

    package init(
        origin: Origin, callbackPath: PortalPath, token: LoginToken, next: PortalPath?, publicURL: PublicURL? = nil
    ) {
        self.origin = origin
        self.callbackPath = callbackPath
        self.token = token
        self.next = next
        self.publicURL = publicURL
    }

    /// The whole URL. It holds the token: not to be logged or stored.
    package var url: String {
        if let publicURL { return publicURL.page(for: token) }
        var url = origin.description
        url.reserveCapacity(128 + 2 * (next?.text.utf8.count ?? 0))
        url += callbackPath.text
        url += "?token="
        url += token.text
        if let next {
            url += "&next="
            url += percentEncoded(next.text)
        }
        return url
    }
}

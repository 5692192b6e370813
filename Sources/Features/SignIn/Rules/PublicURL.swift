import Bytes
import Net

/// The handler's public URL, with which links to the confirmation page start: an origin, and the base path of the
/// routes, if there is one.
package struct PublicURL: Sendable, Hashable {
    /// The URL, without a `/` at its end.
    package let text: String
    let origin: Origin

    private static let malformed = ParseError(
        "must be https://HOST[:PORT][/PATH] (http:// only for loopback), without a query or fragment",
        example: "https://sign-in.example.com")

    package init(parsing text: String) throws(ParseError) {
        guard let parts = try? OriginParts(text), let origin = try? Origin(parts),
            origin.scheme == .https || origin.isLoopback
        else { throw PublicURL.malformed }
        var path = String(decoding: parts.rest, as: UTF8.self)
        if path.hasSuffix("/") { path.removeLast() }
        guard !path.hasSuffix("/"), path.isEmpty || (try? PortalPath(parsing: path)) != nil,
            !path.utf8.contains(UInt8(ascii: "?")), !path.utf8.contains(UInt8(ascii: "#"))
        else { throw PublicURL.malformed }
        self.text = origin.description + path
        self.origin = origin
    }

    /// The path of the confirmation page, which follows this URL.
    package static let pagePath = "/auth/open"

    /// The URL of the confirmation page for a mailed token. It holds the token: not to be logged or stored.
    func page(for token: LoginToken) -> String {
        text + PublicURL.pagePath + "?token=" + token.text
    }
}

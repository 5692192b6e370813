/// Where the door itself is reached from outside, so that links can lead to its own page: an origin, and a path that
/// may stand before its routes.
public struct LandingURL: Sendable, Hashable {
    /// Without a `/` at its end.
    public let text: String

    /// Why a text is no such URL. Its description ends a sentence that names the text's source.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let description =
            "must be https://HOST[:PORT][/PATH], or http:// on this machine, without query or fragment"
    }

    public init(parsing text: String) throws(Invalid) {
        guard let parts = try? OriginParts(text), let origin = try? Origin(parts),
            origin.scheme == .https || origin.isLoopback
        else { throw Invalid() }
        var path = String(decoding: parts.rest, as: UTF8.self)
        if path.hasSuffix("/") { path.removeLast() }
        guard !path.hasSuffix("/"), path.isEmpty || (try? PortalPath(parsing: path)) != nil,
            !path.utf8.contains(UInt8(ascii: "?")), !path.utf8.contains(UInt8(ascii: "#"))
        else { throw Invalid() }
        self.text = origin.description + path
    }

    /// The page's path behind this URL.
    public static let pagePath = "/auth/open"

    /// The page that a mailed token is opened at.
    func page(for token: LoginToken) -> String {
        text + LandingURL.pagePath + "?token=" + token.text
    }
}

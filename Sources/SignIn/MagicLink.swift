/// The link that a person opens to sign in:
/// `<origin><callback path>?token=<43 characters of base64url>&next=<path>`, `next` only where it was asked for; or, by
/// way of the door's own page, `<landing>/auth/open?token=<43 characters of base64url>`.
public struct MagicLink: Sendable {
    public let origin: Origin
    /// The portal's page that receives the token.
    public let callbackPath: PortalPath
    public let token: LoginToken
    /// Where in the portal the person wants to go afterwards.
    public let next: PortalPath?
    /// Whose page the link leads to before the portal; `nil` where it leads there at once.
    public let landing: LandingURL?

    public init(
        origin: Origin, callbackPath: PortalPath, token: LoginToken, next: PortalPath?, landing: LandingURL? = nil
    ) {
        self.origin = origin
        self.callbackPath = callbackPath
        self.token = token
        self.next = next
        self.landing = landing
    }

    /// The whole URL. It holds the token: not to be logged or stored.
    public var url: String {
        if let landing { return landing.page(for: token) }
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

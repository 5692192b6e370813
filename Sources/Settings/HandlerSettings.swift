public import Secrets
public import SignIn
public import Store
import Validation

/// The handler's settings.
public struct HandlerSettings: Sendable {
    public let shared: SharedSettings
    /// `POSTERN_ALLOWED_ORIGINS` (required) and `POSTERN_DEFAULT_ORIGIN`, which must be allowed itself.
    public let originPolicy: OriginPolicy
    /// `POSTERN_CALLBACK_PATH`: the portal's page that receives the token. Default: `/auth/callback`.
    public let callbackPath: PortalPath
    /// `POSTERN_BASE_PATH`: a prefix before every route. Default: none.
    public let basePath: String
    /// `POSTERN_LINK_LIFETIME`: 1m to 24h. Default: 15m.
    public let linkLifetime: Duration
    /// `POSTERN_NEWEST_LINK_ONLY`: whether another link ends the earlier ones. Default: on.
    public let isNewestOnly: Bool
    /// `POSTERN_LANDING_URL`: where the handler is reached from outside, so that links lead to its own page. Default:
    /// none, and links lead to the portal.
    public let landing: LandingURL?
    /// `POSTERN_LINK_RETENTION`: for how long a link that no longer works can explain itself on that page, 1m to 7d.
    /// Default: 24h.
    public let linkRetention: Duration
    /// `POSTERN_SIGNING_KEYS`: the keys that assertions are signed with, the first signs. Default: none are made.
    public let signingKeys: [KeyRing.Entry]
    /// `POSTERN_ISSUER`: who vouches, the claim `iss`. Default: the landing's URL, else `postern`.
    public let issuerName: String
    /// `POSTERN_IP_LIMIT` (default: 10/10m), `POSTERN_RECIPIENT_LIMIT` (3/15m), `POSTERN_GLOBAL_LIMIT` (off),
    /// `POSTERN_VERIFY_LIMIT` (600/1m) and `POSTERN_CODE_LIMIT` (30/10m).
    public let limits: StoreConfiguration.Limits
    /// `POSTERN_TRUSTED_PROXIES`: the proxies whose `X-Forwarded-For` counts. Default: none.
    public let trustedProxies: [AddressBlock]
    /// Where requests come from.
    public let source: RequestSource

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    public init(_ environment: Environment) throws(SettingError) {
        shared = try SharedSettings(environment)
        originPolicy = try HandlerSettings.originPolicy(environment)
        callbackPath =
            try environment.optional("POSTERN_CALLBACK_PATH", example: "/auth/callback", HandlerSettings.path)
            ?? HandlerSettings.defaultCallbackPath
        basePath = try environment.optional("POSTERN_BASE_PATH", example: "/api", HandlerSettings.basePath) ?? ""
        linkLifetime =
            try environment.optional("POSTERN_LINK_LIFETIME", example: "15m") { (text) throws(Invalid) in
                try duration(text, in: .seconds(60)...(.seconds(86_400)), "1m to 24h")
            } ?? .seconds(15 * 60)
        isNewestOnly =
            try environment.optional("POSTERN_NEWEST_LINK_ONLY", example: "on", HandlerSettings.isOn) ?? true
        landing = try environment.optional("POSTERN_LANDING_URL", example: "https://door.example.com") {
            (text) throws(Invalid) in
            try Invalid.wrapping { () throws(LandingURL.Invalid) in try LandingURL(parsing: text) }
        }
        linkRetention =
            try environment.optional("POSTERN_LINK_RETENTION", example: "24h") { (text) throws(Invalid) in
                try duration(text, in: .seconds(60)...(.seconds(7 * 86_400)), "1m to 7d")
            } ?? .seconds(86_400)
        signingKeys =
            try environment.optional("POSTERN_SIGNING_KEYS", example: "s1:$(openssl rand -base64 32)", keys) ?? []
        issuerName =
            try environment.optional("POSTERN_ISSUER", example: "https://door.example.com", HandlerSettings.issuer)
            ?? landing?.text ?? "postern"
        limits = try HandlerSettings.limits(environment)
        trustedProxies =
            try environment.optional(
                "POSTERN_TRUSTED_PROXIES", example: "10.4.7.0/24,fd00:4:7::/64", HandlerSettings.addressBlocks) ?? []
        source = try RequestSource(environment)
    }

    private static let defaultCallbackPath: PortalPath = {
        try! PortalPath(parsing: "/auth/callback")  // The literal is such a path.
    }()

    private static func originPolicy(_ environment: Environment) throws(SettingError) -> OriginPolicy {
        let name = "POSTERN_ALLOWED_ORIGINS"
        let allowed = try environment.required(name, example: "https://portal.example.com,https://*.example.com") {
            (text) throws(Invalid) in
            try list(text) { (entry) throws(Invalid) in
                try Invalid.wrapping { () throws(OriginError) in try OriginPattern(parsing: entry) }
            }
        }
        let fallback = try environment.optional("POSTERN_DEFAULT_ORIGIN", example: "https://portal.example.com") {
            (text) throws(Invalid) in
            let origin = try Invalid.wrapping { () throws(OriginError) in try Origin(parsing: text) }
            guard allowed.contains(where: { $0.matches(origin) }) else { throw Invalid("must be on \(name)") }
            return origin
        }
        return OriginPolicy(allowed: allowed, fallback: fallback)
    }

    private static func limits(_ environment: Environment) throws(SettingError) -> StoreConfiguration.Limits {
        StoreConfiguration.Limits(
            client: try limit("POSTERN_IP_LIMIT", RateLimit(burst: 10, period: .seconds(600)), environment),
            recipient: try limit("POSTERN_RECIPIENT_LIMIT", RateLimit(burst: 3, period: .seconds(900)), environment),
            deployment: try limit("POSTERN_GLOBAL_LIMIT", nil, environment),
            verification: try limit("POSTERN_VERIFY_LIMIT", RateLimit(burst: 600, period: .seconds(60)), environment),
            code: try limit("POSTERN_CODE_LIMIT", RateLimit(burst: 30, period: .seconds(600)), environment))
    }

    private static func limit(
        _ name: String, _ fallback: RateLimit?, _ environment: Environment
    ) throws(SettingError) -> RateLimit? {
        let setting = try environment.optional(name, example: "10/10m") { (text) throws(Invalid) -> RateLimit? in
            if text == "off" { return nil }
            return try Invalid.wrapping { () throws(RateLimit.Invalid) in try RateLimit(parsing: text) }
        }
        return setting ?? fallback
    }

    private static func basePath(_ text: String) throws(Invalid) -> String {
        let path = try path(text).text
        guard !path.hasSuffix("/") else { throw Invalid("must not end in /") }
        return path
    }

    private static func isOn(_ text: String) throws(Invalid) -> Bool {
        guard text == "on" || text == "off" else { throw Invalid("must be on or off") }
        return text == "on"
    }

    private static func issuer(_ text: String) throws(Invalid) -> String {
        guard text.utf8.count <= 256, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Invalid("must be at most 256 visible ASCII characters")
        }
        return text
    }

    private static func addressBlocks(_ text: String) throws(Invalid) -> [AddressBlock] {
        try list(text) { (entry) throws(Invalid) in
            guard let block = AddressBlock(parsing: entry) else {
                throw Invalid("must be addresses or CIDR blocks parted by commas, without bits beyond the prefix")
            }
            return block
        }
    }

    /// A path without query or fragment.
    private static func path(_ text: String) throws(Invalid) -> PortalPath {
        guard let path = try? PortalPath(parsing: text), path.text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !text.contains(where: { "?#".contains($0) })
        else { throw Invalid("must be a path that starts with /, without query or fragment") }
        return path
    }

    private static func list<Element>(
        _ text: String, _ parse: (String) throws(Invalid) -> Element
    ) throws(Invalid) -> [Element] {
        var elements: [Element] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            elements.append(try parse(String(entry.trimmingBlanks())))
        }
        return elements
    }
}

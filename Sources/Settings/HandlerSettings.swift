public import SignIn
public import Store

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
    /// `POSTERN_IP_LIMIT` (default: 10/10m), `POSTERN_RECIPIENT_LIMIT` (3/15m) and `POSTERN_GLOBAL_LIMIT` (off).
    public let limits: StoreConfiguration.Limits
    /// `POSTERN_TRUSTED_PROXIES`: the proxies whose `X-Forwarded-For` counts. Default: none.
    public let trustedProxies: [AddressBlock]
    /// `HOST`: the address to listen at. Default: `0.0.0.0`.
    public let host: String
    /// `PORT`: the port to listen at; 0 takes a free one. Default: 8080.
    public let port: Int

    /// Reads all of them.
    /// - Throws: ``SettingError`` for the first that is missing or wrong.
    public init(_ environment: Environment) throws(SettingError) {
        shared = try SharedSettings(environment)
        originPolicy = try HandlerSettings.originPolicy(environment)
        callbackPath =
            try environment.optional("POSTERN_CALLBACK_PATH", example: "/auth/callback", HandlerSettings.path)
            ?? HandlerSettings.defaultCallbackPath
        basePath =
            try environment.optional("POSTERN_BASE_PATH", example: "/api") { (text) throws(Invalid) in
                let path = try HandlerSettings.path(text).text
                guard !path.hasSuffix("/") else { throw Invalid("must not end in /") }
                return path
            } ?? ""
        linkLifetime =
            try environment.optional("POSTERN_LINK_LIFETIME", example: "15m") { (text) throws(Invalid) in
                try duration(text, in: .seconds(60)...(.seconds(86_400)), "1m to 24h")
            } ?? .seconds(15 * 60)
        limits = StoreConfiguration.Limits(
            client: try HandlerSettings.limit(
                "POSTERN_IP_LIMIT", RateLimit(burst: 10, period: .seconds(600)), environment),
            recipient: try HandlerSettings.limit(
                "POSTERN_RECIPIENT_LIMIT", RateLimit(burst: 3, period: .seconds(900)), environment),
            deployment: try HandlerSettings.limit("POSTERN_GLOBAL_LIMIT", nil, environment))
        trustedProxies =
            try environment.optional("POSTERN_TRUSTED_PROXIES", example: "10.0.0.0/8,fd00::/8") {
                (text) throws(Invalid) in
                try HandlerSettings.list(text) { (entry) throws(Invalid) in
                    guard let block = AddressBlock(parsing: entry) else {
                        throw Invalid(
                            "must be addresses or CIDR blocks parted by commas, without bits beyond the prefix")
                    }
                    return block
                }
            } ?? []
        host = try environment.optional("HOST", example: "0.0.0.0") { (text) throws(Invalid) in text } ?? "0.0.0.0"
        port = try environment.optional("PORT", example: "8080", Settings.port) ?? 8080
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

    private static func limit(
        _ name: String, _ fallback: RateLimit?, _ environment: Environment
    ) throws(SettingError) -> RateLimit? {
        let setting = try environment.optional(name, example: "10/10m") { (text) throws(Invalid) -> RateLimit? in
            if text == "off" { return nil }
            return try Invalid.wrapping { () throws(RateLimit.Invalid) in try RateLimit(parsing: text) }
        }
        return setting ?? fallback
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
            elements.append(try parse(entry.trimming(" ")))
        }
        return elements
    }
}

extension Substring {
    fileprivate func trimming(_ blank: Character) -> String {
        String(drop { $0 == blank }.reversed().drop { $0 == blank }.reversed())
    }
}

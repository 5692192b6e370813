import Bytes
import Cryptography
import Net
import Platform
import Redis
import Settings

/// The settings of sign-in.
package struct SignInSettings: Sendable {
    /// `POSTERN_ALLOWED_ORIGINS` (required) and `POSTERN_DEFAULT_ORIGIN`, which must be allowed itself.
    package let originPolicy: OriginPolicy
    /// `POSTERN_CALLBACK_PATH`: the portal's page that receives the token. Default: `/auth/callback`.
    package let callbackPath: PortalPath
    /// `POSTERN_BASE_PATH`: a prefix of every route's path. Default: none.
    package let basePath: String
    /// `POSTERN_LINK_LIFETIME`: 1m to 24h. Default: 15m.
    package let linkLifetime: Duration
    /// `POSTERN_NEWEST_LINK_ONLY`: whether a newer link supersedes the earlier ones. Default: on.
    package let isNewestOnly: Bool
    /// `POSTERN_LANDING_URL`: the handler's public URL, so that links lead to the confirmation page. Default: none, and
    /// links lead to the portal.
    package let publicURL: PublicURL?
    /// `POSTERN_LINK_RETENTION`: the time for which the confirmation page can explain a link that has expired, 1m to
    /// 7d. Default: 24h.
    package let linkRetention: Duration
    /// `POSTERN_SIGNING_KEYS`: the keys of assertions; the first one signs. Default: none, and there are no assertions.
    package let signingKeys: [KeyRing.Entry]
    /// `POSTERN_ISSUER`: the claim `iss` of assertions. Default: the public URL, or else `postern`.
    package let issuerName: String
    /// `POSTERN_IP_LIMIT` (default: 10/10m), `POSTERN_RECIPIENT_LIMIT` (3/15m), `POSTERN_GLOBAL_LIMIT` (off),
    /// `POSTERN_VERIFY_LIMIT` (600/1m) and `POSTERN_CODE_LIMIT` (30/10m).
    package let limits: SignInLimits
    /// `POSTERN_TRUSTED_PROXIES`: proxies whose `X-Forwarded-For` entries are trusted. Default: none.
    package let trustedProxies: [AddressBlock]
    /// `POSTERN_LANGUAGES`: the languages of emails that the workers' templates add to the built-in ones, at most 100.
    /// Default: none.
    package let addedLanguages: [Language]

    /// Reads the settings from the environment.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
    package init(_ environment: Environment) throws(SettingError) {
        originPolicy = try SignInSettings.originPolicy(environment)
        callbackPath =
            try environment.optional("POSTERN_CALLBACK_PATH", example: "/auth/callback", SignInSettings.path)
            ?? SignInSettings.defaultCallbackPath
        basePath = try environment.optional("POSTERN_BASE_PATH", example: "/api", SignInSettings.basePath) ?? ""
        linkLifetime =
            try environment.optional("POSTERN_LINK_LIFETIME", example: "15m") { (text) throws(ParseError) in
                try parseDuration(text, in: .seconds(60)...(.seconds(86_400)), "1m to 24h")
            } ?? .seconds(15 * 60)
        isNewestOnly = try environment.optional("POSTERN_NEWEST_LINK_ONLY", example: "on", parseSwitch) ?? true
        publicURL = try environment.optional(
            "POSTERN_LANDING_URL", example: "https://sign-in.example.com", PublicURL.init(parsing:))
        linkRetention =
            try environment.optional("POSTERN_LINK_RETENTION", example: "24h") { (text) throws(ParseError) in
                try parseDuration(text, in: .seconds(60)...(.seconds(7 * 86_400)), "1m to 7d")
            } ?? .seconds(86_400)
        signingKeys =
            try environment.optional("POSTERN_SIGNING_KEYS", example: "s1:$(openssl rand -base64 32)", parseKeys) ?? []
        issuerName =
            try environment.optional("POSTERN_ISSUER", example: "https://sign-in.example.com", SignInSettings.issuer)
            ?? publicURL?.text ?? "postern"
        limits = try SignInSettings.limits(environment)
        trustedProxies =
            try environment.optional(
                "POSTERN_TRUSTED_PROXIES", example: "10.4.7.0/24,fd00:4:7::/64", SignInSettings.addressBlocks) ?? []
        addedLanguages =
            try environment.optional("POSTERN_LANGUAGES", example: "sv,pt-BR", SignInSettings.languages) ?? []
    }

    private static let defaultCallbackPath: PortalPath = {
        try! PortalPath(parsing: "/auth/callback")  // The literal is a valid path.
    }()

    private static func originPolicy(_ environment: Environment) throws(SettingError) -> OriginPolicy {
        let name = "POSTERN_ALLOWED_ORIGINS"
        let allowed = try environment.required(name, example: "https://portal.example.com,https://*.example.com") {
            (text) throws(ParseError) in try parseList(text, OriginPattern.init(parsing:))
        }
        let fallback = try environment.optional("POSTERN_DEFAULT_ORIGIN", example: "https://portal.example.com") {
            (text) throws(ParseError) in
            let origin = try Origin(parsing: text)
            guard allowed.contains(where: { $0.matches(origin) }) else { throw ParseError("must match \(name)") }
            return origin
        }
        return OriginPolicy(allowed: allowed, fallback: fallback)
    }

    private static func limits(_ environment: Environment) throws(SettingError) -> SignInLimits {
        SignInLimits(
            client: try limit("POSTERN_IP_LIMIT", RateLimit(burst: 10, period: .seconds(600)), environment),
            recipient: try limit("POSTERN_RECIPIENT_LIMIT", RateLimit(burst: 3, period: .seconds(900)), environment),
            deployment: try limit("POSTERN_GLOBAL_LIMIT", nil, environment),
            verification: try limit("POSTERN_VERIFY_LIMIT", RateLimit(burst: 600, period: .seconds(60)), environment),
            code: try limit("POSTERN_CODE_LIMIT", RateLimit(burst: 30, period: .seconds(600)), environment))
    }

    private static func limit(
        _ name: String, _ fallback: RateLimit?, _ environment: Environment
    ) throws(SettingError) -> RateLimit? {
        let setting = try environment.optional(name, example: "10/10m") { (text) throws(ParseError) -> RateLimit? in
            text == "off" ? nil : try RateLimit(parsing: text)
        }
        return setting ?? fallback
    }

    private static func basePath(_ text: String) throws(ParseError) -> String {
        let path = try path(text).text
        guard !path.hasSuffix("/") else { throw ParseError("must not end in /") }
        return path
    }

    private static func issuer(_ text: String) throws(ParseError) -> String {
        guard text.utf8.count <= 256, text.isVisibleASCII else {
            throw ParseError("must be at most 256 visible ASCII characters")
        }
        return text
    }

    private static func addressBlocks(_ text: String) throws(ParseError) -> [AddressBlock] {
        try parseList(text) { (entry) throws(ParseError) in
            guard let block = AddressBlock(parsing: entry) else {
                throw ParseError(
                    "must be comma-separated IP addresses or CIDR blocks, with no bits set after the prefix")
            }
            return block
        }
    }

    private static func languages(_ text: String) throws(ParseError) -> [Language] {
        let rule = ParseError("must be comma-separated BCP 47 language tags, at most 100")
        let languages = try parseList(text) { (tag) throws(ParseError) in
            do {
                return try Language(parsing: tag)
            } catch {
                throw rule
            }
        }
        guard languages.count <= 100 else { throw rule }
        return languages
    }

    /// A path without query or fragment.
    private static func path(_ text: String) throws(ParseError) -> PortalPath {
        guard let path = try? PortalPath(parsing: text), path.text.isVisibleASCII,
            !text.contains(where: { "?#".contains($0) })
        else { throw ParseError("must be a path starting with /, without a query or fragment") }
        return path
    }
}

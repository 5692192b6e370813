import Bytes
import Cryptography
import Net
import Platform
import Redis
import Settings

/// The settings of sign-in.
package struct SignInSettings: Sendable {
    /// `POSTERN_ALLOWED_ORIGINS` (required) and `POSTERN_DEFAULT_ORIGIN`, which must be allowed itself;
    /// `POSTERN_CALLBACK_PATH`: the portal's page that receives the token, `/auth/callback` by default;
    /// `POSTERN_LINK_LIFETIME`: 1m to 24h, 15m by default;
    /// `POSTERN_NEWEST_LINK_ONLY`: whether a newer link supersedes the earlier ones, `on` by default;
    /// `POSTERN_REQUIRE_CHALLENGE`: whether every request must have a `code_challenge`, `off` by default;
    /// `POSTERN_LANDING_URL`: the handler's public URL, so that links lead to the confirmation page; without it they
    /// lead to the portal;
    /// `POSTERN_LINK_RETENTION`: the time for which the confirmation page can explain a link that has expired, 1m to
    /// 7d, 24h by default; the rates of ``SignInLimits``; and
    /// `POSTERN_LANGUAGES`: the languages of emails that the workers' templates add to the built-in ones, at most 100.
    package let policy: SignInPolicy
    /// `POSTERN_SIGNING_KEYS`: the keys of assertions; the first one signs. Default: none, and there are no assertions.
    package let signingKeys: [KeyRing.Entry]
    /// `POSTERN_ISSUER`: the claim `iss` of assertions. Default: the public URL, or else `postern`.
    package let issuerName: String

    /// The issuer of assertions; `nil` if there are no signing keys.
    package var issuer: AssertionIssuer? {
        signingKeys.isEmpty ? nil : AssertionIssuer(name: issuerName, keys: signingKeys)
    }

    /// Reads the settings from the environment.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
    package init(_ environment: Environment) throws(SettingError) {
        var policy = try SignInSettings.policy(environment, limits: try SignInLimits(environment))
        policy.isNewestOnly = try environment.optional("POSTERN_NEWEST_LINK_ONLY", example: "on", parseSwitch) ?? true
        policy.isChallengeRequired =
            try environment.optional("POSTERN_REQUIRE_CHALLENGE", example: "on", parseSwitch) ?? false
        self.policy = policy
        signingKeys =
            try environment.optional("POSTERN_SIGNING_KEYS", example: "s1:$(openssl rand -base64 32)", parseKeys) ?? []
        // A portal's developer sees what a signing key signs, and whoever has a secret key reads email.
        let secretKeys = try environment.optional("POSTERN_SECRET_KEYS", example: "k1:…", parseKeys) ?? []
        for key in signingKeys where secretKeys.contains(where: { $0.key.matches(key.key) }) {
            throw SettingError(
                name: "POSTERN_SIGNING_KEYS", rule: "must not contain a key of POSTERN_SECRET_KEYS",
                example: "s1:$(openssl rand -base64 32)")
        }
        issuerName =
            try environment.optional("POSTERN_ISSUER", example: "https://sign-in.example.com", SignInSettings.issuer)
            ?? policy.publicURL?.text ?? "postern"
    }

    /// Reads the settings that every program needs which makes links: all of ``policy`` but the rates and
    /// `POSTERN_NEWEST_LINK_ONLY`.
    /// - Throws: ``SettingError`` for the first setting that is missing or invalid.
    package static func policy(
        _ environment: Environment, limits: SignInLimits
    ) throws(SettingError) -> SignInPolicy {
        SignInPolicy(
            origins: try origins(environment),
            callbackPath: try environment.optional(
                "POSTERN_CALLBACK_PATH", example: "/auth/callback", PortalPath.init(parsingPathAlone:))
                ?? defaultCallbackPath,
            publicURL: try environment.optional(
                "POSTERN_LANDING_URL", example: "https://sign-in.example.com", PublicURL.init(parsing:)),
            linkLifetime: try environment.optional("POSTERN_LINK_LIFETIME", example: "15m") {
                (text) throws(ParseError) in
                try parseDuration(text, in: .seconds(60)...(.seconds(86_400)), "1m to 24h")
            } ?? .seconds(15 * 60),
            retention: try environment.optional("POSTERN_LINK_RETENTION", example: "24h") {
                (text) throws(ParseError) in
                try parseDuration(text, in: .seconds(60)...(.seconds(7 * 86_400)), "1m to 7d")
            } ?? .seconds(86_400),
            limits: limits,
            addedLanguages: try environment.optional(
                "POSTERN_LANGUAGES", example: "sv,pt-BR", SignInSettings.languages) ?? [])
    }

    private static let defaultCallbackPath: PortalPath = {
        try! PortalPath(parsing: "/auth/callback")  // The literal is a valid path.
    }()

    private static func origins(_ environment: Environment) throws(SettingError) -> OriginPolicy {
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

    private static func issuer(_ text: String) throws(ParseError) -> String {
        guard text.utf8.count <= 256, text.isVisibleASCII else {
            throw ParseError("must be at most 256 visible ASCII characters")
        }
        return text
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
}

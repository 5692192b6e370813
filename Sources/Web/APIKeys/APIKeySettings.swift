import Bytes
import Platform
import Redis
import Settings

/// The settings of programs that accept API keys.
package struct APIKeySettings: Sendable {
    /// `POSTERN_API_KEYS`: keys that are configured and not stored in Redis, as comma-separated entries of name,
    /// scopes, digest and expiry. Default: none.
    package let configured: ConfiguredAPIKeys
    package let limits: APIKeyLimits

    /// Reads the settings.
    /// - Throws: ``SettingError`` for the first setting that is invalid.
    package init(_ environment: Environment) throws(SettingError) {
        configured =
            try environment.optional(
                "POSTERN_API_KEYS", example: "portal/links:write/$(printf %s \"$KEY\" | sha256sum | cut -c1-64)",
                ConfiguredAPIKeys.init(parsing:)) ?? ConfiguredAPIKeys()
        limits = try APIKeyLimits(environment)
    }

    package init(configured: ConfiguredAPIKeys, limits: APIKeyLimits) {
        self.configured = configured
        self.limits = limits
    }
}

/// The rate limits of API keys.
package struct APIKeyLimits: Sendable {
    /// Requests with each key.
    package var key = Limit(
        "key", key: "api-calls:", setting: "POSTERN_API_KEY_LIMIT",
        default: RateLimit(burst: 600, period: .seconds(60)))
    /// Failed authentications of each client.
    package var authentication = Limit(
        "authentication", key: "api-auth:", setting: "POSTERN_API_AUTH_LIMIT",
        default: RateLimit(burst: 20, period: .seconds(60)))

    /// Both limits.
    var all: [Limit] { [key, authentication] }

    /// Reads the rates from the environment.
    /// - Throws: ``SettingError`` for the first one that is invalid.
    package init(_ environment: Environment) throws(SettingError) {
        try key.read(environment)
        try authentication.read(environment)
    }

    /// - Parameters: the rates; `nil` for no limit.
    package init(key: RateLimit?, authentication: RateLimit?) {
        self.key.rate = key
        self.authentication.rate = authentication
    }
}

import Logging
import Net
import Redis
import Serving
import ServerProcess
import Settings
import SignIn
import Testing
import Web

@testable import postern_handler

@Suite
struct HandlerSettingsTests {
    /// Expects the defaults of all settings that are not required.
    private func expectDefaults(_ settings: HandlerSettings) throws {
        #expect(settings.signIn.policy.callbackPath.text == "/auth/callback")
        #expect(settings.server.web.basePath == "")
        #expect(settings.signIn.policy.linkLifetime == .seconds(15 * 60))
        #expect(settings.signIn.policy.limits.client.rate == RateLimit(burst: 10, period: .seconds(600)))
        #expect(settings.signIn.policy.limits.recipient.rate == RateLimit(burst: 3, period: .seconds(900)))
        #expect(settings.signIn.policy.limits.mailbox.rate == RateLimit(burst: 24, period: .seconds(900)))
        #expect(settings.signIn.policy.limits.deployment.rate == RateLimit(burst: 100_000, period: .seconds(600)))
        #expect(settings.signIn.policy.limits.deploymentCodes.rate == RateLimit(burst: 1000, period: .seconds(600)))
        #expect(settings.signIn.policy.limits.verification.rate == RateLimit(burst: 600, period: .seconds(60)))
        #expect(settings.signIn.policy.limits.code.rate == RateLimit(burst: 30, period: .seconds(600)))
        #expect(settings.signIn.policy.isNewestOnly)
        #expect(settings.signIn.policy.publicURL == nil)
        #expect(settings.signIn.signingKeys.isEmpty)
        #expect(settings.signIn.issuerName == "postern")
        #expect(settings.server.web.trustedProxies == TrustedProxies([]))
        #expect(settings.server.source == .address(host: "0.0.0.0", port: 8080))
        #expect(settings.server.redis.timeout == .seconds(1))
        #expect(settings.server.redis.keyPrefix == "postern:")
        #expect(settings.server.shared.logLevel == .info)
        #expect(settings.server.redis.certificateAuthorities == nil)
        #expect(try settings.signIn.policy.mailLanguages.lookup(Language(parsing: "sv")) == nil)
        #expect(try settings.signIn.policy.mailLanguages.lookup(Language(parsing: "de"))?.tag == "de")
        let origins = settings.signIn.policy.origins
        #expect(throws: OriginPolicy.Refusal.required) { try origins.callbackOrigin(for: .init()) }
    }

    @Test("a setting that is not set has its default")
    func defaults() throws {
        try expectDefaults(handlerSettings())
    }

    @Test("a setting that is set to an empty text has its default")
    func empty() throws {
        let names = [
            "SSL_CERT_FILE", "POSTERN_REDIS_TIMEOUT", "POSTERN_KEY_PREFIX", "POSTERN_LOG_LEVEL",
            "POSTERN_DEFAULT_ORIGIN", "POSTERN_CALLBACK_PATH", "POSTERN_BASE_PATH", "POSTERN_LINK_LIFETIME",
            "POSTERN_NEWEST_LINK_ONLY", "POSTERN_LANDING_URL", "POSTERN_LINK_RETENTION", "POSTERN_SIGNING_KEYS",
            "POSTERN_ISSUER",
            "POSTERN_IP_LIMIT", "POSTERN_RECIPIENT_LIMIT", "POSTERN_MAILBOX_LIMIT", "POSTERN_GLOBAL_LIMIT",
            "POSTERN_VERIFY_LIMIT", "POSTERN_CODE_LIMIT", "POSTERN_GLOBAL_CODE_LIMIT", "POSTERN_RECIPIENT_ALIASES",
            "POSTERN_TRUSTED_PROXIES", "POSTERN_LANGUAGES", "HOST", "PORT",
        ]
        var variables: [String: String] = [:]
        for name in names { variables[name] = "" }
        try expectDefaults(handlerSettings(variables))
    }

    @Test("variables of other programs are ignored")
    func others() throws {
        try expectDefaults(
            try handlerSettings(["PATH": "/bin", "POSTERN_ALLOWED_ORIGIN": "x", "postern_ip_limit": "x", "Port": "1"]))
    }

    @Test("the allowlist is comma-separated, with or without spaces")
    func allowedOrigins() throws {
        let text =
            "https://portal.example.com, https://*.apps.example.com ,http://localhost:*,http://portal.internal:8080"
        let policy = try handlerSettings("POSTERN_ALLOWED_ORIGINS", text).signIn.policy.origins
        for origin in [
            "https://portal.example.com", "https://a.apps.example.com", "http://localhost:3000",
            "http://portal.internal:8080",
        ] {
            #expect(try policy.callbackOrigin(for: .init(body: origin)).description == origin)
        }
        for origin in [
            "https://other.example.com", "https://apps.example.com", "http://portal.internal",
            "http://portal.example.com",
        ] {
            #expect(throws: OriginPolicy.Refusal.notAllowed(.body, nil)) {
                try policy.callbackOrigin(for: .init(body: origin))
            }
        }
    }

    static let fallbacks: [(String, String)] = [
        ("https://portal.example.com", "https://portal.example.com"),
        ("HTTPS://Portal.Example.com:443/", "https://portal.example.com"),
        ("https://pr-7.apps.example.com", "https://pr-7.apps.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
    ]

    @Test("links lead to the default origin, which must be allowed", arguments: HandlerSettingsTests.fallbacks)
    func defaultOrigin(text: String, expected: String) throws {
        let settings = try handlerSettings([
            "POSTERN_ALLOWED_ORIGINS": "https://portal.example.com,https://*.apps.example.com,http://localhost:*",
            "POSTERN_DEFAULT_ORIGIN": text,
        ])
        #expect(try settings.signIn.policy.origins.callbackOrigin(for: .init()).description == expected)
    }

    @Test(
        "the callback path is read as it is", arguments: ["/", "/in", "/auth/callback/", "/a%20b", "/~a/b.html"])
    func callbackPath(text: String) throws {
        #expect(try handlerSettings("POSTERN_CALLBACK_PATH", text).signIn.policy.callbackPath.text == text)
    }

    @Test("the base path is read as it is", arguments: ["/api", "/api/v1", "/a-b_c"])
    func basePath(text: String) throws {
        #expect(try handlerSettings("POSTERN_BASE_PATH", text).server.web.basePath == text)
    }

    @Test("a base path that ends in a slash is refused, and so is a single slash", arguments: ["/", "/api/"])
    func basePathWithSlash(text: String) throws {
        let error = try #require(throws: SettingError.self) { try handlerSettings("POSTERN_BASE_PATH", text) }
        #expect(error.name == "POSTERN_BASE_PATH")
    }

    static let lifetimes: [(String, Duration)] = [
        ("1m", .seconds(60)), ("60s", .seconds(60)), ("60000ms", .seconds(60)), ("15m", .seconds(900)),
        ("24h", .seconds(86_400)),
        ("1d", .seconds(86_400)),
    ]

    @Test("a link works for a minute to a day", arguments: HandlerSettingsTests.lifetimes)
    func linkLifetime(text: String, expected: Duration) throws {
        #expect(try handlerSettings("POSTERN_LINK_LIFETIME", text).signIn.policy.linkLifetime == expected)
    }

    @Test("each limit can be set, and the others keep their defaults")
    func limits() throws {
        let limit = RateLimit(burst: 5, period: .seconds(60))
        let client = try handlerSettings("POSTERN_IP_LIMIT", "5/1m").signIn.policy.limits
        #expect(client.client.rate == limit)
        #expect(client.recipient.rate == RateLimit(burst: 3, period: .seconds(900)))
        #expect(client.mailbox.rate == RateLimit(burst: 24, period: .seconds(900)))
        #expect(client.deployment.rate == RateLimit(burst: 100_000, period: .seconds(600)))
        #expect(client.deploymentCodes.rate == RateLimit(burst: 1000, period: .seconds(600)))
        let recipient = try handlerSettings("POSTERN_RECIPIENT_LIMIT", "5/1m").signIn.policy.limits
        #expect(recipient.client.rate == RateLimit(burst: 10, period: .seconds(600)))
        #expect(recipient.recipient.rate == limit)
        // By default, a mailbox gets eight times as many from all clients.
        #expect(recipient.mailbox.rate == RateLimit(burst: 40, period: .seconds(60)))
        let highest = try handlerSettings("POSTERN_RECIPIENT_LIMIT", "1000000/10s").signIn.policy.limits
        #expect(highest.mailbox.rate == RateLimit(burst: 1_000_000, period: .seconds(10)))
        let mailbox = try handlerSettings("POSTERN_MAILBOX_LIMIT", "5/1m").signIn.policy.limits
        #expect(mailbox.mailbox.rate == limit)
        #expect(mailbox.recipient.rate == RateLimit(burst: 3, period: .seconds(900)))
        let codes = try handlerSettings("POSTERN_GLOBAL_CODE_LIMIT", "5/1m").signIn.policy.limits
        #expect(codes.deploymentCodes.rate == limit)
        let deployment = try handlerSettings("POSTERN_GLOBAL_LIMIT", "5/1m").signIn.policy.limits
        #expect(deployment.client.rate == RateLimit(burst: 10, period: .seconds(600)))
        #expect(deployment.deployment.rate == limit)
    }

    @Test(
        "aliases share the limit of their mailbox, unless that is switched off",
        arguments: [("", true), ("on", true), ("off", false)])
    func aliases(text: String, expected: Bool) throws {
        let limits = try handlerSettings("POSTERN_RECIPIENT_ALIASES", text).signIn.policy.limits
        #expect(limits.areAliasesOne == expected)
    }

    @Test("each limit can be switched off")
    func limitsOff() throws {
        let client = try handlerSettings("POSTERN_IP_LIMIT", "off").signIn.policy.limits
        #expect(client.client.rate == nil)
        #expect(client.recipient.rate != nil)
        let recipient = try handlerSettings("POSTERN_RECIPIENT_LIMIT", "off").signIn.policy.limits
        #expect(recipient.recipient.rate == nil)
        #expect(recipient.mailbox.rate == nil)
        let mailbox = try handlerSettings("POSTERN_MAILBOX_LIMIT", "off").signIn.policy.limits
        #expect(mailbox.mailbox.rate == nil)
        #expect(mailbox.recipient.rate != nil)
        let codes = try handlerSettings("POSTERN_GLOBAL_CODE_LIMIT", "off").signIn.policy.limits
        #expect(codes.deploymentCodes.rate == nil)
        #expect(recipient.client.rate != nil)
        #expect(try handlerSettings("POSTERN_GLOBAL_LIMIT", "off").signIn.policy.limits.deployment.rate == nil)
    }

    static let proxies: [(String, [String])] = [
        ("10.0.0.0/8", ["10.0.0.0/8"]), ("10.0.0.0/8,fd00::/8", ["10.0.0.0/8", "fd00::/8"]),
        (" 192.0.2.1 , ::1 ,fc00::/7", ["192.0.2.1/32", "::1/128", "fc00::/7"]),
        ("12.0.0.0/8,2001::/16", ["12.0.0.0/8", "2001::/16"]),
    ]

    @Test("proxies are comma-separated addresses or blocks", arguments: HandlerSettingsTests.proxies)
    func trustedProxies(text: String, blocks: [String]) throws {
        let expected = blocks.compactMap { AddressBlock(parsing: $0) }
        #expect(expected.count == blocks.count)
        #expect(
            try handlerSettings("POSTERN_TRUSTED_PROXIES", text).server.web.trustedProxies == TrustedProxies(expected))
    }

    @Test(
        "a block that is wider than a deployment can be stops the start",
        arguments: [
            "0.0.0.0/0", "::/0", "10.0.0.0/8,0.0.0.0/1", "8.0.0.0/7", "2000::/3", "::/15", "2000::/15", "f800::/5",
        ])
    func tooWide(text: String) throws {
        #expect {
            try handlerSettings("POSTERN_TRUSTED_PROXIES", text)
        } throws: { error in
            (error as? SettingError)?.rule.hasPrefix("must not contain a block wider than") == true
        }
    }

    @Test("proxies behind a Unix socket are named by the word unix", arguments: ["unix", "10.0.0.0/8, unix"])
    func unixSockets(text: String) throws {
        let proxies = try handlerSettings("POSTERN_TRUSTED_PROXIES", text).server.web.trustedProxies
        #expect(proxies.includesUnixSockets)
        #expect(proxies.clientAddress(peer: nil, forwardedFor: "198.51.100.7") == IPAddress(parsing: "198.51.100.7"))
        let plain = try handlerSettings("POSTERN_TRUSTED_PROXIES", "10.0.0.0/8").server.web.trustedProxies
        #expect(plain.clientAddress(peer: nil, forwardedFor: "198.51.100.7") == nil)
    }

    static let languages: [(String, [String])] = [
        ("sv", ["sv"]), ("pt-BR,sv", ["pt-BR", "sv"]),
        (" de_at , ZH-HANT-hk,de-AT ", ["de-AT", "zh-Hant-HK", "de-AT"]),
        ([String](repeating: "sv", count: 100).joined(separator: ","), [String](repeating: "sv", count: 100)),
    ]

    @Test("added languages are comma-separated tags, in any case", arguments: HandlerSettingsTests.languages)
    func addedLanguages(text: String, tags: [String]) throws {
        let languages = try handlerSettings("POSTERN_LANGUAGES", text).signIn.policy.mailLanguages
        for tag in tags { #expect(try languages.lookup(Language(parsing: tag))?.tag == tag) }
    }

    static let ports: [(String, Int)] = [("0", 0), ("1", 1), ("80", 80), ("65535", 65535)]

    @Test("a port is 0 to 65535", arguments: HandlerSettingsTests.ports)
    func port(text: String, expected: Int) throws {
        #expect(try handlerSettings("PORT", text).server.source == .address(host: "0.0.0.0", port: expected))
    }

    @Test("the address to listen on is read as it is", arguments: ["127.0.0.1", "::", "localhost"])
    func host(text: String) throws {
        #expect(try handlerSettings("HOST", text).server.source == .address(host: text, port: 8080))
    }
}

import Cryptography
import Logging
import NIOCore
import NIOPosix
import Net
import Platform
import Redis
import TestSupport
import Testing

@testable import SignIn

/// A store on a private Redis, and the requests that tests make.
struct StoreHarness {
    let server: RedisServer
    let redis: RedisClient
    let store: SignInStore
    let policy: SignInPolicy

    /// The only key of the deployment: the bytes 0 to 31.
    static let keys = [KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))]

    static let tokenKeys = TokenKeys(keys)

    static let noLimits = SignInLimits(client: nil, recipient: nil, deployment: nil)

    init(
        limits: SignInLimits = noLimits, maximumQueueLength: Int = 1000,
        linkLifetime: Duration = .seconds(900), retention: Duration = .zero, isNewestOnly: Bool = true,
        server: RedisServer? = nil
    ) async throws {
        let server =
            if let server { server } else { try await RedisServer(arguments: ["--enable-debug-command", "local"]) }
        redis = try await StoreHarness.client(for: server)
        policy = try StoreHarness.policy(
            limits: limits, maximumQueueLength: maximumQueueLength, linkLifetime: linkLifetime, retention: retention,
            isNewestOnly: isNewestOnly)
        store = try StoreHarness.store(redis, policy)
        self.server = server
    }

    /// A policy with a confirmation page if links are kept after their end.
    static func policy(
        limits: SignInLimits = noLimits, maximumQueueLength: Int = 1000, linkLifetime: Duration = .seconds(900),
        retention: Duration = .zero, isNewestOnly: Bool = true
    ) throws -> SignInPolicy {
        var policy = SignInPolicy(
            origins: OriginPolicy(allowed: [try OriginPattern(parsing: "https://portal.example.com")]),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            publicURL: retention > .zero ? try PublicURL(parsing: "https://sign-in.example.com") : nil,
            linkLifetime: linkLifetime, retention: retention, isNewestOnly: isNewestOnly, limits: limits)
        policy.maximumQueueLength = maximumQueueLength
        return policy
    }

    static func store(
        _ redis: RedisClient, _ policy: SignInPolicy, keyPrefix: String = "postern:"
    ) throws -> SignInStore {
        try SignInStore(redis: redis, policy: policy, keyPrefix: keyPrefix, secretKeys: keys, random: .system)
    }

    static func client(
        for server: RedisServer, timeout: TimeAmount = .seconds(10), scripts: [ScriptSource] = SignInStore.scripts
    ) async throws -> RedisClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let configuration = RedisConfiguration(
            url: server.url, timeout: timeout, scripts: scripts)
        let client = try await loop.submit {
            try RedisClient(configuration: configuration, eventLoop: loop, logger: Logger(label: "test"))
        }.get()
        client.start()
        return client
    }

    /// The place of links to an address.
    static func place(
        of address: String = "ada@example.com", for portal: String = "https://portal.example.com",
        challenge: CodeChallenge? = nil
    ) throws -> Place {
        Places(keys[0].key).place(
            for: try #require(EmailAddress(parsing: address)), try Origin(parsing: portal), challenge)
    }

    /// A link with a new token.
    static func link(
        to address: String = "ada@example.com", for portal: String = "https://portal.example.com",
        next: String? = nil, challenge: CodeChallenge? = nil
    ) throws -> MagicLink {
        let place = try place(of: address, for: portal, challenge: challenge)
        return MagicLink(
            origin: try Origin(parsing: portal),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(at: place, random: .system), next: try next.map { try PortalPath(parsing: $0) })
    }

    /// Admits a request for a new link.
    func admit(to address: String = "ada@example.com", from client: String = "192.0.2.1") async throws -> Admission {
        try await admit(StoreHarness.link(to: address), to: address, from: client)
    }

    /// Admits a request for a link.
    func admit(
        _ link: MagicLink, to address: String = "ada@example.com", challenge: CodeChallenge? = nil,
        from client: String = "192.0.2.1"
    ) async throws -> Admission {
        try await store.admit(
            SignInRequest(
                link: link, recipient: try #require(EmailAddress(parsing: address)), challenge: challenge),
            from: IPAddress(parsing: client), at: .now())
    }
}

/// A limit in the form of the settings.
func limit(_ text: String) throws -> RateLimit {
    try RateLimit(parsing: text)
}

import Cryptography
import Logging
import NIOCore
import NIOPosix
import Net
import Platform
import Redis
import SignIn
import TestSupport

/// A store on a private Redis, and the requests that tests make.
struct StoreHarness {
    let server: RedisServer
    let redis: RedisClient
    let store: SignInStore
    let configuration: SignInStoreConfiguration

    /// The only key of the deployment: the bytes 0 to 31.
    static let keys = [KeyRing.Entry(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))]

    static let noLimits = SignInLimits(client: nil, recipient: nil, deployment: nil)

    init(
        limits: SignInLimits = noLimits, maximumQueueLength: Int = 1000,
        linkLifetime: Duration = .seconds(900), retention: Duration = .zero, isNewestOnly: Bool = true,
        server: RedisServer? = nil
    ) async throws {
        let server =
            if let server { server } else { try await RedisServer(arguments: ["--enable-debug-command", "local"]) }
        redis = try await StoreHarness.client(for: server)
        var configuration = SignInStoreConfiguration(
            limits: limits, linkLifetime: linkLifetime, keyPrefix: "postern:", keys: StoreHarness.keys)
        configuration.maximumQueueLength = maximumQueueLength
        configuration.retention = retention
        configuration.isNewestOnly = isNewestOnly
        store = try SignInStore(redis: redis, configuration: configuration, random: .system)
        self.configuration = configuration
        self.server = server
    }

    static func client(for server: RedisServer, timeout: TimeAmount = .seconds(10)) async throws -> RedisClient {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let configuration = RedisConfiguration(
            url: server.url, timeout: timeout, scripts: SignInStore.scripts)
        let client = try await loop.submit {
            try RedisClient(configuration: configuration, eventLoop: loop, logger: Logger(label: "test"))
        }.get()
        client.start()
        return client
    }

    /// A link with a new token.
    static func link(for portal: String = "https://portal.example.com", next: String? = nil) throws -> MagicLink {
        MagicLink(
            origin: try Origin(parsing: portal),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .system), next: try next.map { try PortalPath(parsing: $0) })
    }

    /// Admits a request for a new link.
    func admit(to address: String = "ada@example.com", from client: String = "192.0.2.1") async throws -> Admission {
        try await admit(StoreHarness.link(), to: address, from: client)
    }

    func admit(
        _ link: MagicLink, to address: String = "ada@example.com", from client: String = "192.0.2.1"
    ) async throws -> Admission {
        // Tests pass valid addresses only.
        try await store.admit(
            SignInRequest(link: link, recipient: EmailAddress(parsing: address)!),
            from: IPAddress(parsing: client)!, at: .now())
    }
}

/// A limit in the form of the settings.
func limit(_ text: String) throws -> RateLimit {
    try RateLimit(parsing: text)
}

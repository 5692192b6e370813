import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Redis

@Suite
struct RateLimiterTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func limiter(_ url: RedisURL) async throws -> RateLimiter {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let redis = try await loop.submit {
            try RedisClient(
                configuration: RedisConfiguration(url: url, timeout: .seconds(10), scripts: RateLimiter.scripts),
                eventLoop: loop, logger: RateLimiterTests.logger)
        }.get()
        redis.start()
        return RateLimiter(redis: redis, keyPrefix: "postern:")
    }

    private func limit(_ text: String?) throws -> Limit {
        Limit("test", key: "test:", setting: "TEST_LIMIT", default: try text.map { try RateLimit(parsing: $0) })
    }

    @Test("a subject is admitted until its bucket is empty; then it learns how long to wait, and takes nothing")
    func oneSubject() async throws {
        let server = try await RedisServer()
        let limiter = try await limiter(server.url)
        let limit = try limit("2/1d")
        for left in [1, 0] {
            guard case .admitted(let quota?) = try await limiter.take(limit, for: "a") else {
                Issue.record("it was limited")
                return
            }
            #expect(quota.left == left)
        }
        let state = try server.command("GET", "postern:test:a")
        guard case .limited(let retryAfter, let quota) = try await limiter.take(limit, for: "a") else {
            Issue.record("it was admitted")
            return
        }
        #expect(retryAfter > .seconds(43_000) && retryAfter <= .seconds(43_200))
        #expect(quota.left == 0)
        #expect(try server.command("GET", "postern:test:a") == state)
        #expect(try server.callCount(of: "evalsha") == 3)
    }

    @Test("of 64 calls at once, as many are admitted as there are tokens; another subject has its own")
    func concurrent() async throws {
        let server = try await RedisServer()
        let limiter = try await limiter(server.url)
        let limit = try limit("7/1d")
        let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    if case .admitted = try await limiter.take(limit, for: "a") { true } else { false }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(admitted == 7)
        guard case .admitted(let quota?) = try await limiter.take(limit, for: "b") else {
            Issue.record("it was limited")
            return
        }
        #expect(quota.left == 6)
    }

    @Test("a limit that is off admits everything, without Redis; any other fails without it")
    func off() async throws {
        let limiter = try await limiter(try RedisURL(parsing: "redis://127.0.0.1:1"))
        #expect(try await limiter.take(limit(nil), for: "a") == .admitted(nil))
        await #expect(throws: StoreError.self) { try await limiter.take(limit("1/1d"), for: "a") }
    }
}

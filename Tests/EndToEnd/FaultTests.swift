import Testing
import TestSupport

@Suite
struct FaultTests {
    @Test("while Redis is stopped, requests get a 503 with Retry-After; they are served once it is started again")
    func stopped() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(
            redis: redis.address, ["POSTERN_IP_LIMIT": "off", "POSTERN_RECIPIENT_LIMIT": "off"])
        #expect(try handler.signIn().status == 200)
        redis.stop()
        for _ in 0..<20 { try expectUnavailable(handler) }
        #expect(try handler.get("/readyz").status == 503)
        #expect(try handler.get("/healthz").status == 200)
        try await redis.start()
        try await expectRecovery(handler)
    }

    @Test("while Redis is frozen, requests get a 503 within the deadline; they are served once it is thawed")
    func frozen() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address, ["POSTERN_REDIS_TIMEOUT": "300ms"])
        #expect(try handler.signIn().status == 200)
        redis.freeze()
        for _ in 0..<20 { try expectUnavailable(handler) }
        redis.thaw()
        try await expectRecovery(handler)
    }

    @Test("if Redis is absent at the start, requests get a 503 until it is started")
    func absent() async throws {
        let redis = try await RedisServer()
        redis.stop()
        let handler = try await Handler(redis: redis.address)
        try expectUnavailable(handler)
        try await redis.start()
        try await expectRecovery(handler)
    }

    @Test("if Redis has lost its scripts, requests are still served")
    func scriptFlush() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        #expect(try handler.signIn().status == 200)
        try redis.command("SCRIPT", "FLUSH")
        #expect(try handler.signIn().status == 200)
    }

    @Test("while Redis is a read-only replica, requests get a 503, and the log has the reason")
    func readOnly() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        #expect(try handler.signIn().status == 200)
        try redis.command("REPLICAOF", "127.0.0.1", "1")
        for _ in 0..<5 { try expectUnavailable(handler) }
        #expect(handler.process.log.contains("READONLY"))
        try redis.command("REPLICAOF", "NO", "ONE")
        try await expectRecovery(handler)
    }

    @Test("while Redis is out of memory, requests get a 503, and the log has the reason")
    func outOfMemory() async throws {
        let redis = try await RedisServer(arguments: ["--maxmemory-policy", "noeviction"])
        let handler = try await Handler(redis: redis.address)
        #expect(try handler.signIn().status == 200)
        try redis.command("CONFIG", "SET", "maxmemory", "1")
        for _ in 0..<5 { try expectUnavailable(handler) }
        #expect(handler.process.log.contains("OOM"))
        try redis.command("CONFIG", "SET", "maxmemory", "0")
        try await expectRecovery(handler)
    }

    @Test("while the password for Redis is wrong, requests get a 503, and the log has the reason")
    func wrongPassword() async throws {
        let redis = try await RedisServer(arguments: ["--requirepass", "right"])
        let handler = try await Handler(redis: "redis://:s3cret@127.0.0.1:\(redis.port)")
        for _ in 0..<5 { try expectUnavailable(handler) }
        #expect(handler.process.log.contains("WRONGPASS"))
        #expect(!handler.process.log.contains("s3cret"))
        try redis.command("-a", "right", "CONFIG", "SET", "requirepass", "s3cret")
        try await expectRecovery(handler)
    }

    private func expectUnavailable(_ handler: Handler) throws {
        let response = try handler.signIn()
        #expect(response.status == 503)
        #expect(response["Retry-After"] == "1")
        #expect(response["Access-Control-Allow-Origin"] == "https://example.com")
        #expect(response.json["code"] as? String == "service_unavailable")
        #expect(response.json["retryAfter"] as? Int == 1)
    }

    /// Checks that the handler serves again within two seconds.
    private func expectRecovery(_ handler: Handler) async throws {
        try await eventually(within: .seconds(2), "a request to be served") { try handler.signIn().status == 200 }
        #expect(handler.process.isRunning)
    }
}

import Testing
import TestSupport

@Suite
struct FaultTests {
    @Test("stopped: 503 with Retry-After; started again: served, without a restart of the handler")
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

    @Test("frozen: 503 within the deadline; thawed: served")
    func frozen() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address, ["POSTERN_REDIS_TIMEOUT": "300ms"])
        #expect(try handler.signIn().status == 200)
        redis.freeze()
        for _ in 0..<20 { try expectUnavailable(handler) }
        redis.thaw()
        try await expectRecovery(handler)
    }

    @Test("absent at the start: 503 until it is there")
    func absent() async throws {
        let redis = try await RedisServer()
        redis.stop()
        let handler = try await Handler(redis: redis.address)
        try expectUnavailable(handler)
        try await redis.start()
        try await expectRecovery(handler)
    }

    @Test("its scripts flushed: nobody notices")
    func scriptFlush() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        #expect(try handler.signIn().status == 200)
        try redis.command("SCRIPT", "FLUSH")
        #expect(try handler.signIn().status == 200)
    }

    @Test("read-only: 503, named in the log; a primary again: served")
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

    @Test("out of memory: 503, named in the log; room again: served")
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

    @Test("wrong password: 503, named in the log; the right one: served")
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

    /// The handler serves again within two seconds.
    private func expectRecovery(_ handler: Handler) async throws {
        try await eventually(within: .seconds(2), "a request to be served") { try handler.signIn().status == 200 }
        #expect(handler.process.isRunning)
    }
}

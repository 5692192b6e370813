import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(3)))
struct LambdaFaultTests {
    /// How a frozen process finds the world again.
    enum Thaw: Sendable, CaseIterable {
        /// The event comes once it runs again.
        case beforeEvent
        /// The event waits in its socket.
        case withEvent
        /// The Runtime API has closed its connections, too.
        case disconnected
    }

    @Test(
        "frozen until Redis has closed its connection, and thawed: the invocation is answered 200",
        arguments: Thaw.allCases)
    func frozen(thaw: Thaw) async throws {
        let redis = try await RedisServer(arguments: ["--timeout", "1"])
        let lambda = try await LambdaHandler(redis: redis.address)
        let event = LambdaRequest.signIn().event(as: .functionURL)
        for _ in 0..<3 {
            #expect(try await lambda.api.invoke(event).status == 200)
            try await lambda.api.waitForNext()
            lambda.process.signal(SIGSTOP)
            try await redis.waitUntilAlone()
            if thaw == .disconnected { await lambda.api.closeConnections() }
            if thaw == .beforeEvent { lambda.process.signal(SIGCONT) }
            async let outcome = lambda.api.invoke(event)
            if thaw == .withEvent { try await lambda.waitUntilInFlight() }
            lambda.process.signal(SIGCONT)
            #expect(try await outcome.status == 200)
        }
        // Nothing was done twice, and nobody was alarmed.
        #expect(try redis.command("XLEN", "postern:mail") == "6")
        #expect(!lambda.process.log.contains("unavailable"), "\(lambda.process.log)")
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("frozen like that again and again, after Redis was started again: each invocation is answered 200")
    func frozenAfterOutage() async throws {
        let redis = try await RedisServer(arguments: ["--timeout", "1"])
        let lambda = try await LambdaHandler(redis: redis.address)
        redis.stop()
        #expect(try await lambda.answer().status == 503)
        try await redis.start()
        // It connects again by itself, and is frozen before an invocation has used that connection.
        try await eventually("a connection to Redis") {
            try redis.command("CLIENT", "LIST").contains("name=postern-handler")
        }
        for _ in 0..<3 {
            let outcome = try await lambda.thaw(with: LambdaRequest.signIn().event(as: .functionURL)) {
                try await redis.waitUntilAlone()
            }
            #expect(outcome.status == 200)
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("frozen while Redis is away, and thawed when it is back: the invocation is answered 200")
    func frozenDuringOutage() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        for _ in 0..<3 {
            redis.stop()
            #expect(try await lambda.answer().status == 503)
            let outcome = try await lambda.thaw(with: LambdaRequest.signIn().event(as: .functionURL)) {
                try await redis.start()
                // The freeze: longer than it would have waited before it connects again.
                try await Task.sleep(for: .seconds(1))
            }
            #expect(outcome.status == 200)
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("a Runtime API that ends each connection with its reply gets every answer, once")
    func closing() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        lambda.api.closesAfterReply = true
        for shape in LambdaShape.allCases { #expect(try await lambda.answer(as: shape).status == 200) }
        guard case .failed = try await lambda.api.invoke(Array("{}".utf8)) else {
            Issue.record("no report of an event that is none")
            return
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("frozen while Redis is started again: the next invocation is answered 200")
    func redisRestarted() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        for _ in 0..<3 {
            #expect(try await lambda.answer().status == 200)
            try await lambda.api.waitForNext()
            lambda.process.signal(SIGSTOP)
            redis.stop()
            try await redis.start()
            lambda.process.signal(SIGCONT)
        }
        #expect(try await lambda.answer().status == 200)
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("Redis stopped: 503, and served again when it is back; absent at the start: the same")
    func redisStopped() async throws {
        let redis = try await RedisServer()
        redis.stop()
        let lambda = try await LambdaHandler(redis: redis.address)
        for _ in 0..<3 {
            #expect(lambda.process.isRunning)
            let answer = try await lambda.answer(as: .loadBalancer)
            #expect(answer.status == 503)
            #expect(answer["Retry-After"] == "1")
            #expect(answer.fault(as: .loadBalancer) == nil)
            try await redis.start()
            try await expectRecovery(lambda)
            redis.stop()
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("the Runtime API closes its connections while it is idle: it asks again", arguments: [0, 1])
    func disconnected(invocationsBefore count: Int) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        for _ in 0..<count { #expect(try await lambda.answer().status == 200) }
        for _ in 0..<3 {
            try await lambda.api.waitForNext()
            await lambda.api.closeConnections()
        }
        #expect(try await lambda.answer().status == 200)
        #expect(lambda.process.isRunning)
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("an answer that is too late is refused with 410, and the next invocation is answered")
    func late() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        let event = LambdaRequest.signIn().event(as: .httpAPI)
        for event in [event, Array("{}".utf8)] {
            #expect(try await lambda.api.invoke(event, within: .zero) == .late)
            #expect(try await lambda.answer().status == 200)
        }
        // Frozen in the midst of one, as Lambda does when the time is over.
        redis.freeze()
        async let outcome = lambda.api.invoke(event, within: .seconds(1))
        try await lambda.waitUntilInFlight()
        lambda.process.signal(SIGSTOP)
        try await Task.sleep(for: .milliseconds(1200))
        redis.thaw()
        lambda.process.signal(SIGCONT)
        #expect(try await outcome == .late)
        try await expectRecovery(lambda)
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("an answer that is too large is refused with 413, and the next invocation is answered")
    func tooLarge() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(
            redis: redis.address, api: try await RuntimeAPIServer(maximumAnswerBytes: 4096))
        for shape in LambdaShape.allCases {
            let event = LambdaRequest("GET", "/openapi.yaml").event(as: shape)
            #expect(try await lambda.api.invoke(event) == .tooLarge)
            #expect(try await lambda.answer(as: shape).status == 200)
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test(
        "500 from the Runtime API ends the process, with another status than 0",
        arguments: [RuntimeAPIServer.Call.next, .response, .error])
    func failure(call: RuntimeAPIServer.Call) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        #expect(try await lambda.answer().status == 200)
        try await lambda.api.waitForNext()
        lambda.api.fail(call)
        switch call {
        case .next, .initError: break
        case .response:
            #expect(try await lambda.api.invoke(LambdaRequest.signIn().event(as: .httpAPI)) == .lost)
        case .error:
            #expect(try await lambda.api.invoke(Array("{}".utf8)) == .lost)
        }
        #expect(try await lambda.process.waitForExit() != 0)
        #expect(lambda.process.log.contains("500"), "\(lambda.process.log)")
    }

    @Test("500 to one of several that wait ends the process, with another status than 0")
    func failureOfOne() async throws {
        let redis = try await RedisServer()
        let api = try await RuntimeAPIServer(concurrency: 8)
        let lambda = try await LambdaHandler(redis: redis.address, ["AWS_LAMBDA_MAX_CONCURRENCY": "8"], api: api)
        // The others may be connecting.
        api.fail(.next)
        #expect(try await lambda.process.waitForExit() != 0)
        #expect(lambda.process.log.contains("500"), "\(lambda.process.log)")
    }

    @Test("a Redis that takes connections and says nothing does not hold the first invocation up for long")
    func silentRedis() async throws {
        let redis = try await RedisServer()
        redis.freeze()
        let lambda = try await LambdaHandler(redis: redis.address, ["POSTERN_REDIS_TIMEOUT": "30s"])
        #expect(try await lambda.answer(within: .seconds(3)).status == 503)
        redis.thaw()
        try await expectRecovery(lambda)
    }

    @Test("a Redis that does not answer: 503 before the deadline, and served when it goes on")
    func deadline() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address, ["POSTERN_REDIS_TIMEOUT": "30s"])
        #expect(try await lambda.answer().status == 200)
        redis.freeze()
        for limit in [Duration.seconds(2), .seconds(3)] {
            let answer = try await lambda.answer(as: .restAPI, within: limit)
            #expect(answer.status == 503)
            #expect(answer.code == "service_unavailable")
            #expect(answer["Retry-After"] == "1")
            #expect(answer["Access-Control-Allow-Origin"] == "https://example.com")
            #expect(answer.fault(as: .restAPI) == nil)
        }
        redis.thaw()
        try await expectRecovery(lambda)
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("a Runtime API that takes its time gets every answer all the same")
    func slow() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        lambda.api.delay = .milliseconds(300)
        for shape in LambdaShape.allCases { #expect(try await lambda.answer(as: shape).status == 200) }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    /// The handler serves again.
    private func expectRecovery(_ lambda: LambdaHandler) async throws {
        try await eventually(within: .seconds(20), "a request to be served") {
            try await lambda.answer().status == 200
        }
        #expect(lambda.process.isRunning)
    }
}

extension RedisServer {
    /// Waits until nobody is connected.
    fileprivate func waitUntilAlone() async throws {
        try await eventually(within: .seconds(20), "Redis to close the connections to it") {
            // The one that asks.
            try self.command("CLIENT", "LIST").split(separator: "\n").count == 1
        }
    }
}

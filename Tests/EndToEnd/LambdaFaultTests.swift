import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(3)))
struct LambdaFaultTests {
    /// The state in which a frozen process is thawed.
    enum Thaw: Sendable, CaseIterable {
        /// The event arrives after the process is thawed.
        case beforeEvent
        /// The event is already in the process's socket.
        case withEvent
        /// The Runtime API has closed the connections as well.
        case disconnected
    }

    @Test(
        "after a freeze in which Redis closed the connection, the invocation is answered with 200",
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
        // Nothing was done twice, and no outage was logged.
        #expect(try redis.command("XLEN", "postern:mail") == "6")
        #expect(!lambda.process.log.contains("unavailable"), "\(lambda.process.log)")
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("after a restart of Redis and repeated freezes, each invocation is answered with 200")
    func frozenAfterOutage() async throws {
        let redis = try await RedisServer(arguments: ["--timeout", "1"])
        let lambda = try await LambdaHandler(redis: redis.address)
        redis.stop()
        #expect(try await lambda.answer().status == 503)
        try await redis.start()
        // The handler reconnects by itself, and is frozen before an invocation has used the connection.
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

    @Test("after a freeze during which Redis came back, the invocation is answered with 200")
    func frozenDuringOutage() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        for _ in 0..<3 {
            redis.stop()
            #expect(try await lambda.answer().status == 503)
            let outcome = try await lambda.thaw(with: LambdaRequest.signIn().event(as: .functionURL)) {
                try await redis.start()
                // The freeze lasts longer than the delay before reconnecting.
                try await Task.sleep(for: .seconds(1))
            }
            #expect(outcome.status == 200)
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("a Runtime API that closes each connection after its reply gets every answer once")
    func closing() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        lambda.api.closesAfterReply = true
        for shape in LambdaShape.allCases { #expect(try await lambda.answer(as: shape).status == 200) }
        guard case .failed = try await lambda.api.invoke(Array("{}".utf8)) else {
            Issue.record("an event that is not an HTTP request was not reported")
            return
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("after a freeze during which Redis restarted, the next invocation is answered with 200")
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

    @Test("while Redis is stopped, even at the start, invocations get a 503; they are served once it is started")
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

    @Test("if the Runtime API closes idle connections, the handler requests the next event again", arguments: [0, 1])
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
        // Frozen during an invocation, as Lambda does after its deadline.
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
        "a 500 from the Runtime API ends the process with a status other than 0",
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

    @Test("a 500 on one of several waiting connections ends the process with a status other than 0")
    func failureOfOne() async throws {
        let redis = try await RedisServer()
        let api = try await RuntimeAPIServer(concurrency: 8)
        let lambda = try await LambdaHandler(redis: redis.address, ["AWS_LAMBDA_MAX_CONCURRENCY": "8"], api: api)
        // The others may be connecting.
        api.fail(.next)
        #expect(try await lambda.process.waitForExit() != 0)
        #expect(lambda.process.log.contains("500"), "\(lambda.process.log)")
    }

    @Test("a Redis that accepts connections but does not answer delays the first invocation only for a short time")
    func silentRedis() async throws {
        let redis = try await RedisServer()
        redis.freeze()
        let lambda = try await LambdaHandler(redis: redis.address, ["POSTERN_REDIS_TIMEOUT": "30s"])
        #expect(try await lambda.answer(within: .seconds(3)).status == 503)
        redis.thaw()
        try await expectRecovery(lambda)
    }

    @Test("while Redis does not answer, invocations get a 503 before their deadline")
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

    @Test("a slow Runtime API gets every answer")
    func slow() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        lambda.api.delay = .milliseconds(300)
        for shape in LambdaShape.allCases { #expect(try await lambda.answer(as: shape).status == 200) }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    /// Checks that the handler serves again within 20 seconds.
    private func expectRecovery(_ lambda: LambdaHandler) async throws {
        try await eventually(within: .seconds(20), "a request to be served") {
            try await lambda.answer().status == 200
        }
        #expect(lambda.process.isRunning)
    }
}

extension RedisServer {
    /// Waits until no other client is connected.
    fileprivate func waitUntilAlone() async throws {
        try await eventually(within: .seconds(20), "Redis to close its connections") {
            // The only one left is that of this command.
            try self.command("CLIENT", "LIST").split(separator: "\n").count == 1
        }
    }
}

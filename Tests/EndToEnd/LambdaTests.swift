import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5)))
struct LambdaTests {
    @Test("10,000 events, from all triggers and others, are each answered once as expected, and memory does not grow")
    func invocations() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address, InvocationKind.settings)
        let kinds = InvocationKind.all
        var generator = SeededGenerator(seed: 10_000)
        let order = (0..<10_000).map { kinds[$0 % kinds.count] }.shuffled(using: &generator)
        var faults: [String] = []
        var before = 0
        for (index, kind) in order.enumerated() {
            let requestID = RuntimeAPIServer.newRequestID()
            let outcome = try await lambda.api.invoke(
                kind.event, requestID: requestID, invocationID: index.isMultiple(of: 2) ? "attempt-\(index)" : nil)
            if let fault = kind.fault(of: outcome, requestID: requestID) { faults.append("\(kind.name): \(fault)") }
            if index == 999 { before = try lambda.process.residentKilobytes() }
        }
        #expect(faults.isEmpty, "\(faults.count) faults: \(faults.prefix(10).joined(separator: "; "))")
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations.prefix(10))")
        // One more is the look at Redis at the start.
        #expect(try redis.callCount(of: "evalsha") == order.reduce(1) { $0 + $1.scriptCalls })
        #expect(try redis.callCount(of: "eval") == 0)
        #expect(try lambda.process.residentKilobytes() < before + 4096)
        #expect(lambda.process.isRunning)
    }

    @Test("before the first event, the handler is connected to Redis and has loaded its scripts; it opens no port")
    func warmStart() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        let loads = try redis.callCount(of: "script|load")
        #expect(loads > 0)
        let looks = try redis.callCount(of: "evalsha")
        #expect(looks == 1)
        #expect(try redis.command("CLIENT", "LIST").contains("name=postern-handler"))
        #expect(throws: RawHTTPError.self) { try RawHTTP(port: lambda.port) }
        #expect(try await lambda.answer().status == 200)
        #expect(try redis.callCount(of: "evalsha") == looks + 1)
        #expect(try redis.callCount(of: "eval") == 0)
        #expect(try redis.callCount(of: "script|load") == loads)
    }

    @Test("AWS_LAMBDA_MAX_CONCURRENCY is the number of invocations in flight at once")
    func concurrency() async throws {
        let redis = try await RedisServer()
        let api = try await RuntimeAPIServer(concurrency: 8)
        let lambda = try await LambdaHandler(
            redis: redis.address, ["AWS_LAMBDA_MAX_CONCURRENCY": "8", "POSTERN_REDIS_TIMEOUT": "20s"], api: api)
        try await api.waitForNext(count: 8)
        redis.freeze()
        let event = LambdaRequest.signIn().event(as: .functionURL)
        let statuses = try await withThrowingTaskGroup(of: Int?.self) { group in
            for index in 0..<9 {
                group.addTask { try await api.invoke(event, invocationID: "attempt-\(index)").status }
            }
            try await lambda.waitUntilInFlight(count: 8)
            redis.thaw()
            var statuses: [Int?] = []
            for try await status in group { statuses.append(status) }
            return statuses
        }
        #expect(statuses == Array(repeating: 200, count: 9))
        #expect(try redis.command("XLEN", "postern:mail") == "9")
        #expect(api.violations.isEmpty, "\(api.violations)")
    }

    @Test("SIGTERM while the handler waits for an event ends it with status 0")
    func endWhileIdle() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        #expect(try await lambda.answer().status == 200)
        try await lambda.api.waitForNext()
        lambda.process.signal(SIGTERM)
        #expect(try await lambda.process.waitForExit() == 0)
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("on SIGTERM during an invocation, the handler answers it, and ends with status 0")
    func endInFlight() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(
            redis: redis.address, ["POSTERN_REDIS_TIMEOUT": "20s", "POSTERN_LOG_LEVEL": "debug"])
        redis.freeze()
        async let outcome = lambda.api.invoke(LambdaRequest.signIn().event(as: .restAPI))
        try await lambda.waitUntilInFlight()
        lambda.process.signal(SIGTERM)
        try await eventually("the signal to be seen") { lambda.process.log.contains("graceful") }
        redis.thaw()
        #expect(try await outcome.status == 200)
        #expect(try await lambda.process.waitForExit() == 0)
        #expect(lambda.api.arrivals.last?.call == .response)
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test(
        "a wrong setting is reported to the Runtime API by its name, and ends the process with status 78",
        arguments: [
            ("REDIS_URL", "s3cret"), ("POSTERN_SECRET_KEYS", "k1:s3cret"), ("POSTERN_ALLOWED_ORIGINS", "s3cret"),
            ("POSTERN_IP_LIMIT", "s3cret"), ("AWS_LAMBDA_MAX_CONCURRENCY", "s3cret"),
        ])
    func wrongSetting(name: String, value: String) async throws {
        let lambda = try await LambdaHandler(redis: "redis://127.0.0.1:1", [name: value])
        #expect(try await lambda.process.waitForExit() == 78)
        let report = try #require(lambda.api.initError)
        let message = try #require(report.message)
        #expect(message.contains("\(name) must"))
        #expect(message.contains("for example \(name)="))
        #expect(!String(decoding: report.body, as: UTF8.self).contains("s3cret"))
        #expect(lambda.process.log.split(separator: "\n").count == 1)
        #expect(lambda.process.log.contains("\(name) must"))
        #expect(!lambda.process.log.contains("s3cret"))
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations)")
    }

    @Test("a wrong setting ends the process with status 78 even if the Runtime API does not answer")
    func wrongSettingUnheard() async throws {
        let process = try LambdaHandler.start(
            redis: "redis://127.0.0.1:1", api: "127.0.0.1:\(try freePort())", ["POSTERN_SECRET_KEYS": ""])
        #expect(try await process.waitForExit() == 78)
        #expect(process.log.contains("POSTERN_SECRET_KEYS must"))
    }

    @Test("at debug level, one log line has the ids of the invocation, the trace and the client's request")
    func debugLog() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address, ["POSTERN_LOG_LEVEL": "debug"])
        let requestID = RuntimeAPIServer.newRequestID()
        let root = "1-6921a5f0-5d90a2f4468b1d0c373c1b7e"
        let request = LambdaRequest.signIn().with { $0.fields.append((name: "X-Request-Id", value: "caller-1")) }
        let outcome = try await lambda.api.invoke(
            request.event(as: .httpAPI), requestID: requestID,
            traceID: "Root=\(root);Parent=53995c3f42cd8ad8;Sampled=1")
        #expect(outcome.status == 200)
        let lines = lambda.process.log.split(separator: "\n")
        #expect(
            lines.contains { line in [requestID, root, "caller-1"].allSatisfy { line.contains($0) } },
            "\(lambda.process.log)")
    }

    @Test("logs at trace level and reported errors contain no address, token, link or event")
    func log() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address, ["POSTERN_LOG_LEVEL": "trace"])
        let body = #"{"email":"ada@customer.example","callback_next":"/invoices/17"}"#
        for shape in LambdaShape.allCases {
            #expect(try await lambda.answer(to: .signIn(body), as: shape).status == 200)
            _ = try await lambda.answer(to: .signIn(String(body.dropLast())), as: shape)
        }
        var output = ""
        let event = LambdaRequest.signIn(body).event(as: .httpAPI)
        let cutOff = Array(event.dropLast())
        for event in LambdaEvents.foreign.map({ $0.event }) + [cutOff, event + cutOff] {
            let outcome = try await lambda.api.invoke(event)
            guard case .failed(_, let report) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            output += String(decoding: report, as: UTF8.self)
        }
        output += lambda.process.log
        for word in ["customer", "ada@", "token=", "invoices"] { #expect(!output.contains(word), "\(word)") }
    }
}

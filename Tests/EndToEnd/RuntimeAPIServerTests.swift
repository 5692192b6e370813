import Testing
import TestSupport

/// Tests of the simulated Runtime API itself. A fault that it missed would be missed by every test of the handler.
@Suite(.timeLimit(.minutes(1)))
struct RuntimeAPIServerTests {
    private let event = Array(#"{"a":1}"#.utf8)

    @Test("an event is given to a waiting runtime, and its answer is the outcome")
    func answered() async throws {
        let server = try await RuntimeAPIServer()
        let runtime = try Runtime(server)
        async let outcome = server.invoke(event, requestID: "r1", traceID: "Root=1-2-3", invocationID: "i1")
        let next = try await runtime.next()
        #expect(next.status == 200)
        #expect(next.body == event)
        #expect(next["Lambda-Runtime-Aws-Request-Id"] == "r1")
        #expect(next["Lambda-Runtime-Trace-Id"] == "Root=1-2-3")
        #expect(next["Lambda-Runtime-Invocation-Id"] == "i1")
        #expect(next["Lambda-Runtime-Invoked-Function-Arn"]?.hasPrefix("arn:aws:lambda:") == true)
        let deadline = try #require(Int(next["Lambda-Runtime-Deadline-Ms"] ?? ""))
        // The year 2020, in milliseconds.
        #expect(deadline > 1_577_836_800_000)
        #expect(server.inFlightCount == 1)
        let reply = try await runtime.post("invocation/r1/response", "hello", ["Lambda-Runtime-Invocation-Id": "i1"])
        #expect(reply.status == 202)
        #expect(try await outcome == .answered(Array("hello".utf8)))
        #expect(server.inFlightCount == 0)
        #expect(server.violations.isEmpty, "\(server.violations)")
    }

    @Test("a runtime waits until there is an event, and events wait until a runtime requests them")
    func waiting() async throws {
        let server = try await RuntimeAPIServer()
        let runtime = try Runtime(server)
        async let next = runtime.next()
        try await server.waitForNext()
        async let one = server.invoke(event, requestID: "r1")
        async let two = server.invoke(event, requestID: "r2")
        let first = try #require(try await next["Lambda-Runtime-Aws-Request-Id"])
        #expect(try await runtime.post("invocation/\(first)/response", first).status == 202)
        let second = try #require(try await runtime.next()["Lambda-Runtime-Aws-Request-Id"])
        #expect(Set([first, second]) == ["r1", "r2"])
        #expect(try await runtime.post("invocation/\(second)/response", second).status == 202)
        #expect(try await one == .answered(Array("r1".utf8)))
        #expect(try await two == .answered(Array("r2".utf8)))
        #expect(server.violations.isEmpty, "\(server.violations)")
    }

    @Test("a second or premature answer gets a 403, one to an unknown invocation a 400, an unknown call a 404")
    func wrongOrder() async throws {
        let server = try await RuntimeAPIServer()
        let runtime = try Runtime(server)
        async let queued = server.invoke(event, requestID: "r1")
        #expect(try await runtime.post("invocation/r0/response", "").status == 400)
        try await eventually("the event to wait") {
            try await runtime.post("invocation/r1/response", "").status == 403
        }
        #expect(try await runtime.next().status == 200)
        #expect(try await runtime.post("invocation/r1/error", Runtime.report, Runtime.errorType).status == 202)
        #expect(try await queued == .failed(type: "Test.Error", body: Array(Runtime.report.utf8)))
        #expect(try await runtime.post("invocation/r1/response", "").status == 403)
        #expect(try await runtime.post("invocation/r1/error", Runtime.report, Runtime.errorType).status == 403)
        #expect(try await runtime.post("invocation/r1/answer", "").status == 404)
        #expect(try await runtime.post("invocation/next", "").status == 404)
        let violations = server.violations
        #expect(violations.filter { $0.hasPrefix("400") }.count >= 1)
        #expect(violations.filter { $0.hasPrefix("404") }.count == 2)
        #expect(violations.filter { $0.contains("answered already") }.count == 2)
        #expect(violations.contains { $0.contains("not given yet") })
    }

    @Test("no more runtimes may wait or have an invocation at once than the concurrency allows", arguments: [1, 2, 8])
    func concurrency(count: Int) async throws {
        let server = try await RuntimeAPIServer(concurrency: count)
        let runtimes = try (0...count).map { _ in try Runtime(server) }
        for runtime in runtimes.dropLast() { try runtime.askForNext() }
        try await server.waitForNext(count: count)
        #expect(try await runtimes[count].next().status == 403)
        #expect(server.violations.count == 1)

        async let outcome = server.invoke(event, requestID: "r1")
        try await eventually("the event to be given") { server.inFlightCount == 1 }
        #expect(server.waitingCount == count - 1)
        #expect(try await runtimes[count].next().status == 403)
        #expect(try await runtimes[count].post("invocation/r1/response", "").status == 202)
        #expect(try await outcome == .answered([]))
        try runtimes[count].askForNext()
        try await server.waitForNext(count: count)
        #expect(server.violations.count == 2)
    }

    @Test("a wait ends when either side closes the connection")
    func disconnected() async throws {
        let server = try await RuntimeAPIServer()
        for _ in 0..<3 {
            let runtime = try Runtime(server)
            try runtime.askForNext()
            try await server.waitForNext()
            runtime.connection.close()
            try await eventually("no runtime to wait") { server.waitingCount == 0 }
        }
        let runtime = try Runtime(server)
        try runtime.askForNext()
        try await server.waitForNext()
        await server.closeConnections()
        #expect(server.waitingCount == 0)
        let rest = try await onOwnThread { try runtime.connection.readToEnd() }
        #expect(rest.isEmpty)
        #expect(server.violations.isEmpty, "\(server.violations)")
    }

    @Test("an answer after the deadline gets a 410; one that is too large gets a 413, and no report is accepted then")
    func lateAndLarge() async throws {
        let server = try await RuntimeAPIServer(maximumAnswerBytes: 10)
        let runtime = try Runtime(server)
        async let late = server.invoke(event, within: .zero, requestID: "r1")
        #expect(try await runtime.next().status == 200)
        #expect(try await runtime.post("invocation/r1/response", "").status == 410)
        #expect(try await late == .late)

        async let large = server.invoke(event, requestID: "r2")
        #expect(try await runtime.next().status == 200)
        #expect(try await runtime.post("invocation/r2/response", "hello hello").status == 413)
        #expect(try await large == .tooLarge)
        #expect(try await runtime.post("invocation/r2/error", Runtime.report, Runtime.errorType).status == 403)

        async let small = server.invoke(event, requestID: "r3")
        #expect(try await runtime.next().status == 200)
        #expect(try await runtime.post("invocation/r3/response", "hello you!").status == 202)
        #expect(try await small == .answered(Array("hello you!".utf8)))
        #expect(server.violations.isEmpty, "\(server.violations)")
    }

    @Test("Lambda-Runtime-Invocation-Id must be sent back; its absence is a violation, a wrong one gets a 410")
    func invocationID() async throws {
        let server = try await RuntimeAPIServer()
        let runtime = try Runtime(server)
        async let outcome = server.invoke(event, requestID: "r1", invocationID: "i2")
        #expect(try await runtime.next().status == 200)
        let stale = try await runtime.post("invocation/r1/response", "old", ["Lambda-Runtime-Invocation-Id": "i1"])
        #expect(stale.status == 410)
        #expect(server.violations.count == 1)
        #expect(try await runtime.post("invocation/r1/response", "new").status == 202)
        #expect(try await outcome == .answered(Array("new".utf8)))
        #expect(server.violations.count == 2)
    }

    /// Bodies and header fields of invalid reports.
    private static let reports: [(String, [String: String])] = [
        (Runtime.report, [:]), ("", Runtime.errorType), ("[]", Runtime.errorType),
        (#"{"errorMessage":"m","errorType":"t"}"#, Runtime.errorType),
        (#"{"errorMessage":1,"errorType":"t","stackTrace":[]}"#, Runtime.errorType),
        (#"{"errorMessage":"m","errorType":"t","stackTrace":[7]}"#, Runtime.errorType),
    ]

    @Test(
        "a report without a type, or with an invalid body, is accepted, and recorded as a violation", arguments: reports
    )
    func report(body: String, fields: [String: String]) async throws {
        let server = try await RuntimeAPIServer()
        let runtime = try Runtime(server)
        async let outcome = server.invoke(event, requestID: "r1")
        #expect(try await runtime.next().status == 200)
        #expect(try await runtime.post("invocation/r1/error", body, fields).status == 202)
        #expect(
            try await outcome
                == .failed(type: fields["Lambda-Runtime-Function-Error-Type"] ?? "", body: Array(body.utf8)))
        #expect(server.violations.count == 1)
    }

    @Test("a failed start is accepted only before the first event is requested, and no event can be requested then")
    func initError() async throws {
        let failed = try await RuntimeAPIServer()
        let runtime = try Runtime(failed)
        #expect(try await runtime.post("init/error", Runtime.report, Runtime.errorType).status == 202)
        #expect(failed.initError?.type == "Test.Error")
        #expect(failed.initError?.message == "it broke")
        #expect(failed.violations.isEmpty, "\(failed.violations)")
        #expect(try await runtime.next().status == 403)
        #expect(failed.violations.count == 1)

        let started = try await RuntimeAPIServer()
        let waiting = try Runtime(started)
        try waiting.askForNext()
        try await started.waitForNext()
        let late = try Runtime(started)
        #expect(try await late.post("init/error", Runtime.report, Runtime.errorType).status == 403)
        waiting.connection.close()
        #expect(started.initError == nil)
        #expect(started.violations.count == 1)
    }

    @Test("a test can have one call fail with 500: one that waits, or else the next one of its kind")
    func failure() async throws {
        let server = try await RuntimeAPIServer()
        let runtime = try Runtime(server)
        async let next = runtime.next()
        try await server.waitForNext()
        server.fail(.next)
        #expect(try await next.status == 500)

        server.fail(.response)
        async let outcome = server.invoke(event, requestID: "r1")
        #expect(try await runtime.next().status == 200)
        #expect(try await runtime.post("invocation/r1/response", "").status == 500)
        #expect(try await outcome == .lost)
        async let another = server.invoke(event, requestID: "r2")
        #expect(try await runtime.next().status == 200)
        #expect(try await runtime.post("invocation/r2/response", "").status == 202)
        #expect(try await another == .answered([]))
    }

    @Test("a large event is sent in chunks, and a test can delay every reply")
    func chunksAndDelay() async throws {
        let server = try await RuntimeAPIServer()
        server.delay = .milliseconds(200)
        let runtime = try Runtime(server)
        async let outcome = server.invoke(Array(repeating: 0x61, count: 5000), requestID: "r1")
        let start = ContinuousClock.now
        try runtime.askForNext(isLast: true)
        let bytes = try await onOwnThread { try runtime.connection.readToEnd() }
        let reply = String(decoding: bytes, as: UTF8.self)
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        #expect(reply.lowercased().contains("transfer-encoding: chunked"))
        #expect(reply.contains(String(repeating: "a", count: 5000)))
        await server.close()
        #expect(try await outcome == .unanswered)
        #expect(throws: RawHTTPError.self) { try Runtime(server) }
    }

    @Test("bytes that are not HTTP are a violation")
    func notHTTP() async throws {
        let server = try await RuntimeAPIServer()
        let runtime = try Runtime(server)
        try runtime.connection.send("hello\r\n\r\n")
        let rest = try await onOwnThread { try runtime.connection.readToEnd() }
        #expect(rest.isEmpty)
        #expect(server.violations.contains { $0.hasPrefix("not HTTP") })
    }
}

/// A minimal runtime: one connection to the simulated Runtime API.
private struct Runtime: Sendable {
    static let report = #"{"errorMessage":"it broke","errorType":"Test.Error","stackTrace":["here"]}"#
    static let errorType = ["Lambda-Runtime-Function-Error-Type": "Test.Error"]

    let connection: RawHTTP

    init(_ server: RuntimeAPIServer) throws {
        connection = try RawHTTP(port: server.address.split(separator: ":").last.flatMap { Int($0) } ?? 0)
    }

    func next() async throws -> RawResponse {
        try askForNext()
        return try await onOwnThread { [connection] in try connection.readResponse() }
    }

    func askForNext(isLast: Bool = false) throws {
        let field = isLast ? "Connection: close\r\n" : ""
        try connection.send("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\(field)\r\n")
    }

    func post(_ path: String, _ body: String, _ fields: [String: String] = [:]) async throws -> RawResponse {
        let lines = fields.map { "\($0.key): \($0.value)\r\n" }.joined()
        try connection.send(
            "POST /2018-06-01/runtime/\(path) HTTP/1.1\r\nHost: lambda\r\n\(lines)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try await onOwnThread { [connection] in try connection.readResponse() }
    }
}

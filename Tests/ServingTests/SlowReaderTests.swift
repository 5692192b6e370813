import Foundation
import Logging
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct SlowReaderTests {
    /// Counts the requests for `/large` that the server has answered.
    private struct AnswerCounter: LogHandler {
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]
        let count: Mutexed<Int>

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.metadata?["path"]?.description == "/large" else { return }
            count.update { $0 += 1 }
        }
    }

    private func isSent(_ text: String, by client: Client) async -> Bool {
        (try? await client.send(text)) != nil
    }

    @Test("a client that does not read its responses is answered only up to a limit, then not read from")
    func bounded() async throws {
        let count = Mutexed(0)
        let server = try await LiveServer(logger: Logger(label: "test") { _ in AnswerCounter(count: count) })
        let flooding = try await Client(server)
        // 16 MB of requests for about 130 MB of responses. Sockets buffer a few megabytes of each.
        let padding = "X-Padding: " + String(repeating: "a", count: 4_000)
        let flood = String(repeating: getRequest("/large", padding), count: 4_000)
        async let sent = isSent(flood, by: flooding)
        // A client whose requests are not read would wait forever.
        defer { flooding.close() }
        try await eventually("the first answers") { count.value > 0 }

        // Another client is served meanwhile, until the number of answers stays the same.
        let other = try await Client(server)
        var answered = 0
        var unchanged = 0
        while unchanged < 200 {
            #expect(try await other.ask(getRequest("/healthz")).status == 200)
            let now = count.value
            unchanged = now == answered ? unchanged + 1 : 0
            answered = now
        }
        #expect(answered < 1_000)
        flooding.close()
        let isAllSent = await sent
        #expect(!isAllSent)
    }

    @Test("a client that reads late gets every response completely and in order")
    func inOrder() async throws {
        let redis = try await RedisServer()
        let server = try await LiveServer(redis: redis)
        let late = try await Client(server)
        let other = try await Client(server)
        // Once another client's requests are answered, the event loop and Redis have processed earlier input.
        func pass() async throws {
            for _ in 0..<20 { #expect(try await other.ask(getRequest("/readyz")).status == 200) }
        }
        // More responses than sockets can buffer, then some one by one, while the client reads nothing.
        var paths = [String](repeating: "/large", count: 600)
        paths += ["/readyz", "/large", "/large", "/readyz", "/healthz", "/large", "/readyz"]
        let requests = paths.enumerated().map { number, path in getRequest(path, "X-Request-Id: \(number)") }
        try await late.send(requests[..<600].joined())
        try await pass()
        try await late.send(requests[600] + requests[601])
        try await pass()
        for text in requests[602...] {
            try await late.send(text)
            try await pass()
        }
        let responses = try await late.responses(paths.count)
        #expect(responses.map { $0["X-Request-Id"] ?? "" } == paths.indices.map { "\($0)" })
        #expect(responses.allSatisfy { $0.status == 200 })
        #expect(Set(responses[..<600].map(\.body.count)).count == 1)
        // The connection still works.
        #expect(try await late.ask(getRequest("/healthz")).status == 200)
    }
}

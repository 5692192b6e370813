import Foundation
import Logging
import NIOCore
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct FairnessTests {
    /// Notes the paths of requests in the order of their answers.
    private struct PathRecorder: LogHandler {
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]
        let paths: Mutexed<[String]>

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard let path = event.metadata?["path"]?.description else { return }
            paths.update { $0.append(path) }
        }
    }

    private func server() async throws -> (LiveServer, Mutexed<[String]>) {
        let paths = Mutexed<[String]>([])
        return (try await LiveServer(logger: Logger(label: "test") { _ in PathRecorder(paths: paths) }), paths)
    }

    /// Keeps the event loop from running until `body` has returned.
    private func holding(_ server: LiveServer, _ body: () async throws -> Void) async throws {
        let isHeld = Mutexed(true)
        defer { isHeld.value = false }
        server.loop.execute {
            while isHeld.value { Thread.sleep(forTimeInterval: 0.001) }
        }
        try await body()
    }

    @Test("clients that send many requests at once are answered alternately")
    func alternately() async throws {
        let (server, paths) = try await server()
        let clients = (try await Client(server), try await Client(server))
        for client in [clients.0, clients.1] { #expect(try await client.ask(getRequest("/healthz")).status == 200) }
        paths.value = []
        try await holding(server) {
            try await clients.0.send(String(repeating: getRequest("/healthz"), count: 40))
            try await clients.1.send(String(repeating: getRequest("/readyz"), count: 40))
        }
        _ = try await clients.0.responses(40)
        _ = try await clients.1.responses(40)
        let order = paths.value
        #expect(order.count == 80)
        // Neither is ever more than a few ahead of the other.
        var lead = 0
        for path in order {
            lead += path == "/healthz" ? 1 : -1
            #expect(abs(lead) <= 3)
        }
    }

    @Test("a client with one request is answered after few of those that another sends without pause")
    func oneAmongMany() async throws {
        let (server, paths) = try await server()
        let pipelining = try await Client(server)
        // More than a socket's buffers hold.
        let flood = Array(String(repeating: getRequest("/healthz"), count: 20_000).utf8)
        let sending = Task { try? await pipelining.send(bytes: flood) }
        let reading = Task { try? await pipelining.responses(20_000) }
        try await eventually("the first answers") { paths.value.count > 100 }
        let other = try await Client(server)
        for _ in 0..<20 {
            let before = paths.value.count
            #expect(try await other.ask(getRequest("/nothing")).status == 404)
            // Each turn of the event loop has one answer for each connection.
            let between = paths.value.count - before
            #expect(between < 1_000)
        }
        pipelining.close()
        _ = await (sending.value, reading.value)
    }

    @Test("several clients that wait to be accepted are, in one turn of the event loop")
    func accepts() async throws {
        let (server, paths) = try await server()
        let busy = try await Client(server)
        #expect(try await busy.ask(getRequest("/healthz")).status == 200)
        var clients: [Client] = []
        paths.value = []
        try await holding(server) {
            for _ in 0..<16 {
                let client = try await Client(server)
                try await client.send(getRequest("/readyz"))
                clients.append(client)
            }
            try await busy.send(String(repeating: getRequest("/healthz"), count: 100))
        }
        for client in clients { #expect(try await client.response().status == 503) }
        let order = paths.value
        let last = try #require(order.lastIndex(of: "/readyz"))
        #expect(order[...last].count { $0 == "/healthz" } < 14)
        _ = try await busy.responses(100)
    }
}

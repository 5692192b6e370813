import Logging
import Telemetry
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct MetricsServerTests {
    private let registry = MetricsRegistry()

    private func server() async throws -> LiveMetrics {
        _ = registry.counter("mails_total", help: "Mails.")
        return try await LiveMetrics(registry)
    }

    private func request(_ method: String, _ path: String, _ fields: String...) -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields.map { "\($0)\r\n" }.joined())\r\n"
    }

    @Test("whoever asks is told the numbers as they are then, over one connection as often as they like")
    func get() async throws {
        let registry = MetricsRegistry()
        let counter = registry.counter("mails_total", help: "Mails.")
        let connection = try await Connection(try await LiveMetrics(registry))
        for count in 0..<3 {
            let response = try await connection.ask(request("GET", "/metrics"))
            let text = "# HELP mails_total Mails.\n# TYPE mails_total counter\nmails_total \(count)\n"
            #expect(response.status == 200)
            #expect(response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(response["Content-Length"] == "\(text.utf8.count)")
            #expect(String(decoding: response.body, as: UTF8.self) == text)
            #expect(response["Connection"] == nil)
            counter.increment()
        }
    }

    @Test("HEAD is answered as GET is, without the body")
    func head() async throws {
        let connection = try await Connection(try await server())
        let response = try await connection.ask(request("HEAD", "/metrics"), isHead: true)
        #expect(response.status == 200)
        #expect(response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(response["Content-Length"] == "\(registry.exposition.utf8.count)")
        // What comes next is the next answer.
        #expect(try await connection.ask(request("GET", "/metrics")).body == Array(registry.exposition.utf8))
    }

    @Test(
        "there is nothing else to see",
        arguments: ["/", "/metrics/", "/Metrics", "/metric", "/metricss", "/%6Detrics", "//metrics", "/healthz"])
    func notFound(path: String) async throws {
        let connection = try await Connection(try await server())
        for method in ["GET", "POST"] {
            let response = try await connection.ask(request(method, path))
            #expect(response.status == 404)
            #expect(response["Content-Type"] == "text/plain; charset=utf-8")
            #expect(String(decoding: response.body, as: UTF8.self) == "Not Found\n")
        }
    }

    @Test("nothing but GET and HEAD is allowed", arguments: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
    func notAllowed(method: String) async throws {
        let connection = try await Connection(try await server())
        let response = try await connection.ask(request(method, "/metrics"))
        #expect(response.status == 405)
        #expect(response["Allow"] == "GET, HEAD")
        #expect(String(decoding: response.body, as: UTF8.self) == "Method Not Allowed\n")
        #expect(try await connection.ask(request("GET", "/metrics")).status == 200)
    }

    @Test("a body that nobody asked for is passed over")
    func body() async throws {
        let connection = try await Connection(try await server())
        #expect(try await connection.ask(request("POST", "/metrics", "Content-Length: 3") + "abc").status == 405)
        #expect(try await connection.ask(request("GET", "/metrics", "Content-Length: 3") + "abc").status == 200)
        #expect(try await connection.ask(request("GET", "/metrics")).status == 200)
    }

    @Test("requests that come together are answered one after the other")
    func pipelined() async throws {
        let connection = try await Connection(try await server())
        let all = request("GET", "/metrics") + request("GET", "/") + request("POST", "/metrics")
        #expect(try await connection.ask(all).status == 200)
        #expect(try await connection.response().status == 404)
        #expect(try await connection.response().status == 405)
    }

    @Test("who wants the connection closed has it closed")
    func close() async throws {
        let server = try await server()
        let modern = try await Connection(server)
        let response = try await modern.ask(request("GET", "/metrics", "Connection: close"))
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await modern.rest().isEmpty)
        let old = try await Connection(server)
        #expect(try await old.ask("GET /metrics HTTP/1.0\r\n\r\n").status == 200)
        #expect(try await old.rest().isEmpty)
    }

    @Test("what is not HTTP is refused, and others are served on", arguments: ["nonsense\r\n\r\n", "\0\u{1}\r\n\r\n"])
    func nonsense(text: String) async throws {
        let server = try await server()
        let connection = try await Connection(server)
        #expect(try await connection.ask(text).status == 400)
        #expect(try await connection.rest().isEmpty)
        #expect(try await Connection(server).ask(request("GET", "/metrics")).status == 200)
    }

    @Test("no more than 16 are connected, and another may come when one has left")
    func limit() async throws {
        let server = try await server()
        var connections: [Connection] = []
        for _ in 0..<16 {
            let connection = try await Connection(server)
            #expect(try await connection.ask(request("GET", "/metrics")).status == 200)
            connections.append(connection)
        }
        for _ in 0..<3 { #expect(try await Connection(server).rest().isEmpty) }
        for connection in connections {
            #expect(try await connection.ask(request("GET", "/metrics")).status == 200)
        }
        connections.removeLast().close()
        try await eventually("a place to be free") {
            (try? await Connection(server).ask(request("GET", "/metrics")))?.status == 200
        }
    }

    @Test("nobody can connect from elsewhere")
    func loopback() async throws {
        let server = try await server()
        #expect(try await Connection(server).ask(request("GET", "/metrics")).status == 200)
        // Where all interfaces were listened at, these would be among them.
        var hosts = ["127.0.0.2", "::1"]
        hosts += try System.enumerateDevices().compactMap { $0.address?.ipAddress }.filter { $0 != "127.0.0.1" }
        for host in hosts {
            await #expect(throws: (any Error).self, "\(host)") {
                _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(.seconds(5)).connect(host: host, port: server.port).get()
            }
        }
    }

    @Test("when it is told to end it ends, though somebody is connected, and nobody can connect any more")
    func shutdown() async throws {
        let server = try await server()
        let connection = try await Connection(server)
        #expect(try await connection.ask(request("GET", "/metrics")).status == 200)
        await server.shutDown()
        try await server.run.value
        await #expect(throws: RawHTTPError.self) { try await Connection(server) }
    }

    @Test("a port that is taken is an error")
    func taken() async throws {
        let server = try await server()
        await #expect(throws: (any Error).self) { try await LiveMetrics(registry, at: server.port) }
        #expect(try await Connection(server).ask(request("GET", "/metrics")).status == 200)
    }
}

/// A server in this process, which ends with its last owner.
private final class LiveMetrics: Sendable {
    let port: Int
    /// What `run()` of the server's group comes to.
    let run: Task<Void, any Error>
    private let services: ServiceGroup

    /// - Parameter wantedPort: 0 takes a free one.
    init(_ registry: MetricsRegistry, at wantedPort: Int = 0) async throws {
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = MetricsServer(
            port: wantedPort, registry: registry, eventLoop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test") { _ in PortReader { listening.yield($0) } })
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: server, successTerminationBehavior: .gracefullyShutdownGroup)
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let services = ServiceGroup(configuration: ServiceGroupConfiguration(services: [service], logger: quiet))
        let run = Task {
            defer { listening.finish() }
            try await services.run()
        }
        guard let port = await ports.first(where: { _ in true }) else {
            try await run.value
            throw NotListening()
        }
        self.port = port
        self.run = run
        self.services = services
    }

    deinit { run.cancel() }

    /// Tells the server to end, as SIGTERM does.
    func shutDown() async {
        await services.triggerGracefulShutdown()
    }
}

/// The server ended before it listened.
private struct NotListening: Error {}

/// Reads the port at which a server listens out of what it logs.
private struct PortReader: LogHandler {
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    private let found: @Sendable (Int) -> Void

    init(_ found: @escaping @Sendable (Int) -> Void) {
        self.found = found
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        if let port = event.metadata?["port"].flatMap({ Int("\($0)") }) { found(port) }
    }
}

/// A connection, which owns the server. Whatever waits does so on a thread of its own.
private struct Connection: Sendable {
    let server: LiveMetrics
    private let raw: RawHTTP

    init(_ server: LiveMetrics) async throws {
        self.server = server
        let port = server.port
        raw = try await onOwnThread { try RawHTTP(port: port) }
    }

    func ask(_ text: String, isHead: Bool = false) async throws -> RawResponse {
        let raw = raw
        try await onOwnThread { try raw.send(text) }
        return try await response(isHead: isHead)
    }

    func response(isHead: Bool = false) async throws -> RawResponse {
        let raw = raw
        return try await onOwnThread { try raw.readResponse(isHead: isHead) }
    }

    /// What comes until the server closes.
    func rest() async throws -> [UInt8] {
        let raw = raw
        return try await onOwnThread { try raw.readToEnd() }
    }

    func close() { raw.close() }
}

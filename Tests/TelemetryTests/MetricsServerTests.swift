import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Telemetry
import TestSupport
import Testing

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

    @Test("each request on a connection is answered with the current numbers")
    func get() async throws {
        let registry = MetricsRegistry()
        let counter = registry.counter("mails_total", help: "Mails.")
        let connection = try await Connection(try await LiveMetrics(registry))
        for count in 0..<3 {
            let response = try await connection.exchange(request("GET", "/metrics"))
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
        let response = try await connection.exchange(request("HEAD", "/metrics"), isHead: true)
        #expect(response.status == 200)
        #expect(response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(response["Content-Length"] == "\(registry.exposition.utf8.count)")
        // The next bytes are the next response, so there was no body.
        #expect(try await connection.exchange(request("GET", "/metrics")).body == Array(registry.exposition.utf8))
    }

    @Test(
        "every other path is not found",
        arguments: [
            "/", "/?/metrics", "/metrics/", "/Metrics", "/metric", "/metricss", "/%6Detrics", "//metrics", "/healthz",
        ])
    func notFound(path: String) async throws {
        let connection = try await Connection(try await server())
        for method in ["GET", "POST"] {
            let response = try await connection.exchange(request(method, path))
            #expect(response.status == 404)
            #expect(response["Content-Type"] == "text/plain; charset=utf-8")
            #expect(String(decoding: response.body, as: UTF8.self) == "Not Found\n")
        }
    }

    @Test("only GET and HEAD are allowed", arguments: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
    func notAllowed(method: String) async throws {
        let connection = try await Connection(try await server())
        let response = try await connection.exchange(request(method, "/metrics"))
        #expect(response.status == 405)
        #expect(response["Allow"] == "GET, HEAD")
        #expect(String(decoding: response.body, as: UTF8.self) == "Method Not Allowed\n")
        #expect(try await connection.exchange(request("GET", "/metrics")).status == 200)
    }

    @Test("the body of a request is ignored")
    func body() async throws {
        let connection = try await Connection(try await server())
        #expect(try await connection.exchange(request("POST", "/metrics", "Content-Length: 3") + "abc").status == 405)
        #expect(try await connection.exchange(request("GET", "/metrics", "Content-Length: 3") + "abc").status == 200)
        #expect(try await connection.exchange(request("GET", "/metrics")).status == 200)
    }

    @Test("pipelined requests are answered in their order")
    func pipelined() async throws {
        let connection = try await Connection(try await server())
        let all = request("GET", "/metrics") + request("GET", "/") + request("POST", "/metrics")
        #expect(try await connection.exchange(all).status == 200)
        #expect(try await connection.response().status == 404)
        #expect(try await connection.response().status == 405)
    }

    @Test("the connection is closed if the client requests it")
    func close() async throws {
        let server = try await server()
        let modern = try await Connection(server)
        let response = try await modern.exchange(request("GET", "/metrics", "Connection: close"))
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await modern.rest().isEmpty)
        let old = try await Connection(server)
        #expect(try await old.exchange("GET /metrics HTTP/1.0\r\n\r\n").status == 200)
        #expect(try await old.rest().isEmpty)
    }

    @Test(
        "bytes that are not HTTP are refused, and other clients are still served",
        arguments: ["nonsense\r\n\r\n", "\0\u{1}\r\n\r\n"])
    func nonsense(text: String) async throws {
        let server = try await server()
        let connection = try await Connection(server)
        #expect(try await connection.exchange(text).status == 400)
        #expect(try await connection.rest().isEmpty)
        #expect(try await Connection(server).exchange(request("GET", "/metrics")).status == 200)
    }

    @Test("a query changes nothing", arguments: ["/metrics?", "/metrics?x", "/metrics?format=text&a=/"])
    func query(path: String) async throws {
        let connection = try await Connection(try await server())
        #expect(try await connection.exchange(request("GET", path)).body == Array(registry.exposition.utf8))
    }

    @Test("at most 16 clients are connected, and the one without a request for the longest time makes room")
    func limit() async throws {
        let server = try await server()
        var connections: [Connection] = []
        for _ in 0..<16 {
            let connection = try await Connection(server)
            #expect(try await connection.exchange(request("GET", "/metrics")).status == 200)
            connections.append(connection)
        }
        // The first is no longer the one without a request for the longest time.
        #expect(try await connections[0].exchange(request("GET", "/metrics")).status == 200)
        for number in 1...3 {
            let connection = try await Connection(server)
            #expect(try await connection.exchange(request("GET", "/metrics")).status == 200)
            #expect(try await connections[number].rest().isEmpty)
            connections.append(connection)
        }
        connections.removeSubrange(1...3)
        for connection in connections {
            #expect(try await connection.exchange(request("GET", "/metrics")).status == 200)
        }
    }

    @Test("clients that connect and send nothing keep nobody out")
    func idle() async throws {
        let server = try await server()
        var idle: [Connection] = []
        for _ in 0..<40 { idle.append(try await Connection(server)) }
        #expect(try await Connection(server).exchange(request("GET", "/metrics")).status == 200)
        // The later ones are still connected.
        #expect(try await idle[39].exchange(request("GET", "/metrics")).status == 200)
    }

    @Test("only 127.0.0.1 accepts connections")
    func loopback() async throws {
        let server = try await server()
        #expect(try await Connection(server).exchange(request("GET", "/metrics")).status == 200)
        // These would accept connections if the server listened on all interfaces.
        var hosts = ["127.0.0.2", "::1"]
        hosts += try System.enumerateDevices().compactMap { $0.address?.ipAddress }.filter { $0 != "127.0.0.1" }
        for host in hosts {
            await #expect(throws: (any Error).self, "\(host)") {
                _ = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(.seconds(5)).connect(host: host, port: server.port).get()
            }
        }
    }

    @Test("graceful shutdown ends the server even if a client is connected, and no client can connect afterwards")
    func shutdown() async throws {
        let server = try await server()
        let connection = try await Connection(server)
        #expect(try await connection.exchange(request("GET", "/metrics")).status == 200)
        await server.shutDown()
        try await server.run.value
        await #expect(throws: RawHTTPError.self) { try await Connection(server) }
    }

    @Test("a port that is in use is an error")
    func taken() async throws {
        let server = try await server()
        await #expect(throws: (any Error).self) { try await LiveMetrics(registry, at: server.port) }
        #expect(try await Connection(server).exchange(request("GET", "/metrics")).status == 200)
    }
}

/// A server in this process, which ends when this object is deallocated.
private final class LiveMetrics: Sendable {
    let port: Int
    /// The result of the service group's `run()`.
    let run: Task<Void, any Error>
    private let services: ServiceGroup

    /// - Parameter wantedPort: the port; 0 selects a free one.
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

    /// Starts a graceful shutdown, as SIGTERM does.
    func shutDown() async {
        await services.triggerGracefulShutdown()
    }
}

/// The error that the server ended before it listened.
private struct NotListening: Error {}

/// A log handler that passes on the port on which a server listens.
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

/// A connection, which keeps its server alive. Blocking calls run on threads of their own.
private struct Connection: Sendable {
    let server: LiveMetrics
    private let raw: RawHTTP

    init(_ server: LiveMetrics) async throws {
        self.server = server
        let port = server.port
        raw = try await onOwnThread { try RawHTTP(port: port) }
    }

    func exchange(_ text: String, isHead: Bool = false) async throws -> RawResponse {
        let raw = raw
        try await onOwnThread { try raw.send(text) }
        return try await response(isHead: isHead)
    }

    func response(isHead: Bool = false) async throws -> RawResponse {
        let raw = raw
        return try await onOwnThread { try raw.readResponse(isHead: isHead) }
    }

    /// The bytes that arrive until the server closes the connection.
    func rest() async throws -> [UInt8] {
        let raw = raw
        return try await onOwnThread { try raw.readToEnd() }
    }

    func close() { raw.close() }
}

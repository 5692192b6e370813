import Foundation
import NIOCore
import Net
import Serving
import Testing
import TestSupport
import Web

@Suite(.timeLimit(.minutes(1)))
struct ConnectionLimitTests {
    private func limitedServer(_ limit: Int, redis: RedisServer? = nil) async throws -> LiveServer {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.maximumConnectionCount = limit
        return try await LiveServer(configuration, redis: redis)
    }

    /// Opens connections, and checks that each is served.
    private func served(_ count: Int, by server: LiveServer, fromHost host: UInt32 = 1) async throws -> [Client] {
        var clients: [Client] = []
        for _ in 0..<count {
            let client = try await Client(server, fromHost: host)
            #expect(try await client.ask(getRequest("/healthz")).status == 200)
            clients.append(client)
        }
        return clients
    }

    /// Whether a client is disconnected or gets its response, after the server's event loop has run for a while.
    private func isAnswered(_ client: Client, by server: LiveServer) async throws -> Bool {
        for _ in 0..<20 { try await server.loop.submit {}.get() }
        return (try? await client.response(timeout: .milliseconds(100))) != nil
    }

    // MARK: - Idle connections

    @Test("the connection that is longest without a request makes room for a new one")
    func longestIdle() async throws {
        let server = try await limitedServer(4)
        let clients = try await served(3, by: server)
        // The first connection is no longer the one without a request for the longest time.
        #expect(try await clients[0].ask(getRequest("/healthz")).status == 200)
        let fourth = try await Client(server)
        #expect(try await fourth.ask(getRequest("/healthz")).status == 200)
        #expect(try await clients[1].rest().isEmpty)
        for client in [clients[0], clients[2], fourth] {
            #expect(try await client.ask(getRequest("/healthz")).status == 200)
        }
    }

    @Test(
        "connections without a request keep nobody out, whatever they have sent",
        arguments: ["", "G", signInHead("Content-Length: 9") + "{", getRequest("/healthz")])
    func idle(_ text: String) async throws {
        let server = try await limitedServer(16)
        var idle: [Client] = []
        for _ in 0..<40 {
            let client = try await Client(server)
            try await client.send(text)
            idle.append(client)
        }
        for _ in 0..<20 {
            let client = try await Client(server)
            #expect(try await client.ask(getRequest("/healthz")).status == 200)
            idle.append(client)
        }
    }

    // MARK: - Connections that are being answered

    @Test("a client waits while all connections are being answered, and is served when one ends")
    func waits() async throws {
        let redis = try await RedisServer()
        let server = try await limitedServer(2, redis: redis)
        var busy: [Client] = []
        #expect(try await Client(server).ask(getRequest("/readyz", "Connection: close")).status == 200)
        redis.freeze()
        for _ in 0..<2 {
            let client = try await Client(server)
            try await client.send(getRequest("/readyz"))
            busy.append(client)
            // Once the event loop has run, the request is being answered.
            _ = try await isAnswered(client, by: server)
        }
        let third = try await Client(server)
        try await third.send(getRequest("/healthz"))
        let isServedAtOnce = try await isAnswered(third, by: server)
        #expect(!isServedAtOnce)
        redis.thaw()
        // Others wait, so the connections close after their response.
        for client in busy { #expect(try await client.response()["Connection"] == "close") }
        #expect(try await third.response().status == 200)
    }

    @Test("the limit holds when many clients connect at once, and most are served in the end")
    func together() async throws {
        let redis = try await RedisServer()
        let server = try await limitedServer(4, redis: redis)
        #expect(try await Client(server).ask(getRequest("/readyz", "Connection: close")).status == 200)
        redis.freeze()
        // The event loop is blocked until all have connected, so that it accepts as many as it may together.
        let isHeld = Mutexed(true)
        defer { isHeld.value = false }
        server.loop.execute {
            while isHeld.value { Thread.sleep(forTimeInterval: 0.001) }
        }
        var clients: [Client] = []
        for _ in 0..<40 {
            let client = try await Client(server)
            try await client.send(getRequest("/readyz", "Connection: close"))
            clients.append(client)
        }
        isHeld.value = false
        _ = try await isAnswered(clients[0], by: server)
        // Those in flight, and the one that checks readiness.
        let connected = try await onOwnThread { try connectionCount(at: server.port) }
        #expect(connected <= 4)
        redis.thaw()
        var answered = 0
        for client in clients where (try? await client.response().status) == 200 { answered += 1 }
        // A connection whose request has not arrived yet can be one that makes room.
        #expect(answered >= 20)
    }

    @Test("closed connections no longer count")
    func comingAndGoing() async throws {
        let server = try await limitedServer(2)
        for round in 0..<50 {
            let client = try await Client(server)
            switch round % 3 {
            case 0: expectRefusal(try await client.ask("nonsense\r\n\r\n"), 400, "bad_request")
            case 1: #expect(try await client.ask(getRequest("/healthz", "Connection: close")).status == 200)
            default: #expect(try await client.ask(getRequest("/healthz")).status == 200)
            }
            client.close()
        }
        _ = try await served(2, by: server)
    }

    // MARK: - Networks

    @Test("beyond the limit of its network, a new connection takes the place of that network's longest idle one")
    func network() async throws {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.maximumConnectionsPerNetwork = 2
        let server = try await LiveServer(configuration)
        let others = try await served(2, by: server, fromHost: 2)
        var clients = try await served(2, by: server)
        for _ in 0..<10 {
            clients += try await served(1, by: server)
            #expect(try await clients.removeFirst().rest().isEmpty)
        }
        for client in clients + others { #expect(try await client.ask(getRequest("/healthz")).status == 200) }
    }

    @Test("a new connection is closed if all of its network are being answered")
    func busyNetwork() async throws {
        let redis = try await RedisServer()
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.maximumConnectionsPerNetwork = 1
        let server = try await LiveServer(configuration, redis: redis)
        let client = try await Client(server)
        #expect(try await client.ask(getRequest("/readyz")).status == 200)
        redis.freeze()
        try await client.send(getRequest("/readyz"))
        _ = try await isAnswered(client, by: server)
        #expect(try await Client(server).rest().isEmpty)
        #expect(try await Client(server, fromHost: 2).ask(getRequest("/healthz")).status == 200)
        redis.thaw()
        #expect(try await client.response().status == 200)
    }

    @Test("the connections of a trusted proxy are not limited by network")
    func proxy() async throws {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.maximumConnectionsPerNetwork = 1
        configuration.trustedProxies = TrustedProxies([try #require(AddressBlock(parsing: "127.0.0.1"))])
        let server = try await LiveServer(configuration)
        let clients = try await served(5, by: server)
        for client in clients { #expect(try await client.ask(getRequest("/healthz")).status == 200) }
    }
}

/// The number of connections that this process, which is the server too, has accepted at a port of 127.0.0.1.
private func connectionCount(at port: Int) throws -> Int {
    let inodes = try Set(
        FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        })
    let local = "0100007F:" + String(format: "%04X", port)
    return try String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8).split(separator: "\n").filter { line in
        let words = line.split(separator: " ")
        // Local address, remote address, state, and then the inode, which is 0 for a socket that is not accepted yet.
        return words.count > 9 && words[1] == local && words[3] == "01" && inodes.contains("socket:[\(words[9])]")
    }.count
}

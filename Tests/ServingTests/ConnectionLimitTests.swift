import Foundation
import NIOCore
import Serving
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct ConnectionLimitTests {
    private func limitedServer(_ limit: Int) async throws -> LiveServer {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.maximumConnectionCount = limit
        return try await LiveServer(configuration)
    }

    /// Opens connections, and checks that each is served.
    private func served(_ count: Int, by server: LiveServer) async throws -> [Client] {
        var clients: [Client] = []
        for _ in 0..<count {
            let client = try await Client(server)
            #expect(try await client.ask(getRequest("/healthz")).status == 200)
            clients.append(client)
        }
        return clients
    }

    /// Whether a client gets its response, after another client's requests have kept the server's event loop running.
    private func isAnswered(_ client: Client, whileAsking other: Client) async throws -> Bool {
        for _ in 0..<20 { _ = try await other.ask(getRequest("/healthz")) }
        return (try? await client.response(timeout: .milliseconds(100))) != nil
    }

    @Test("a client beyond the limit waits, and is served when another disconnects")
    func fifth() async throws {
        let server = try await limitedServer(4)
        var clients = try await served(4, by: server)
        let fifth = try await Client(server)
        try await fifth.send(getRequest("/healthz", "X-Request-Id: fifth"))
        let isServedAtOnce = try await isAnswered(fifth, whileAsking: clients[0])
        #expect(!isServedAtOnce)

        clients.removeLast().close()
        #expect(try await fifth.response()["X-Request-Id"] == "fifth")
        // The clients that were connected before are still served.
        for client in clients { #expect(try await client.ask(getRequest("/healthz")).status == 200) }
    }

    @Test("the limit holds when several clients connect at once")
    func together() async throws {
        let server = try await limitedServer(4)
        let clients = try await served(3, by: server)
        // The event loop is blocked until all four have connected, so that it accepts them together.
        let isHeld = Mutexed(true)
        defer { isHeld.value = false }
        server.loop.execute {
            while isHeld.value { Thread.sleep(forTimeInterval: 0.001) }
        }
        var others: [Client] = []
        for _ in 0..<4 {
            let client = try await Client(server)
            try await client.send(getRequest("/healthz"))
            others.append(client)
        }
        isHeld.value = false
        var answered = 0
        for client in others {
            if try await isAnswered(client, whileAsking: clients[0]) { answered += 1 }
        }
        #expect(answered == 1)
    }

    @Test("one waiting client is accepted for each that disconnects")
    func oneForOne() async throws {
        let server = try await limitedServer(2)
        let clients = try await served(2, by: server)
        let third = try await Client(server)
        let fourth = try await Client(server)
        try await third.send(getRequest("/healthz"))
        try await fourth.send(getRequest("/healthz"))
        clients[1].close()
        #expect(try await third.response().status == 200)
        let isServedAtOnce = try await isAnswered(fourth, whileAsking: clients[0])
        #expect(!isServedAtOnce)
        third.close()
        #expect(try await fourth.response().status == 200)
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
}

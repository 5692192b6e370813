import Foundation
import NIOCore
import Serving
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct DrainTests {
    /// A server that keeps accepting after shutdown begins, until its task is cancelled.
    private func slowDrainingServer(redis: RedisServer? = nil) async throws -> LiveServer {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.drainDelay = .hours(1)
        return try await LiveServer(configuration, redis: redis)
    }

    /// Ends the pause of Redis.
    private func unpause(_ redis: RedisServer) async throws {
        _ = try await onOwnThread { try redis.command("CLIENT", "UNPAUSE") }
    }

    /// Pauses writes in Redis, sends a sign-in request, and waits until Redis holds it back.
    private func clientInFlight(_ server: LiveServer, _ redis: RedisServer) async throws -> Client {
        let client = try await Client(server)
        #expect(try await client.ask(getRequest("/readyz")).status == 200)
        _ = try await onOwnThread { try redis.command("CLIENT", "PAUSE", "600000", "WRITE") }
        try await client.send(signInRequest(validBody))
        try await eventually("the request to be in flight") {
            let clients = try await onOwnThread { try redis.command("INFO", "clients") }
            return clients.contains("blocked_clients:1")
        }
        return client
    }

    @Test("after shutdown begins the server is not ready, but still accepts and serves connections")
    func stillAccepting() async throws {
        let redis = try await RedisServer()
        let server = try await slowDrainingServer(redis: redis)
        let early = try await Client(server)
        #expect(try await early.ask(getRequest("/readyz")).status == 200)

        await server.shutDown()
        try await eventually("readiness to end") {
            try await Client(server).ask(getRequest("/readyz")).status == 503
        }
        let late = try await Client(server).ask(signInRequest(validBody))
        #expect(late.status == 200)
        // Clients that disconnect now do not delay the end of the drain.
        #expect(late["Connection"] == "close")
        expectRefusal(try await early.ask(getRequest("/readyz")), 503, "service_unavailable")
        #expect(try await early.rest().isEmpty)
        early.close()

        server.run.cancel()
        _ = await server.run.result
        #expect(await server.refusesConnections())
    }

    @Test("after the drain delay the server refuses connections, closes idle ones, and returns")
    func returns() async throws {
        let server = try await LiveServer()
        let unused = try await Client(server)
        let used = try await Client(server)
        #expect(try await used.ask(getRequest("/healthz")).status == 200)
        // Once the event loop has answered a third connection, it has seen both.
        try await expectAlive(server)

        await server.shutDown()
        #expect(try await unused.rest().isEmpty)
        #expect(try await used.rest().isEmpty)
        try await server.run.value
        #expect(await server.refusesConnections())
    }

    @Test("a request that waits for Redis is answered, although new connections are refused")
    func inFlight() async throws {
        let redis = try await RedisServer()
        let server = try await LiveServer(redis: redis)
        let client = try await clientInFlight(server, redis)

        await server.shutDown()
        try await eventually("connections to be refused") { await server.refusesConnections() }
        try await unpause(redis)
        let response = try await client.response()
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
        client.close()
        try await server.run.value
    }

    @Test("a request that has begun to arrive is waited for and answered")
    func halfway() async throws {
        let server = try await LiveServer()
        let client = try await Client(server)
        let text = getRequest("/healthz")
        try await client.send(String(text.prefix(20)))
        try await expectAlive(server)

        await server.shutDown()
        try await eventually("connections to be refused") { await server.refusesConnections() }
        try await client.send(String(text.dropFirst(20)))
        let response = try await client.response()
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
        client.close()
        try await server.run.value
    }

    @Test("the first request of a new connection is waited for and answered")
    func onItsWay() async throws {
        var configuration = HTTPServerConfiguration.onLoopback
        configuration.firstRequestTimeout = .seconds(60)
        let server = try await LiveServer(configuration)
        let client = try await Client(server)
        try await expectAlive(server)

        await server.shutDown()
        try await eventually("connections to be refused") { await server.refusesConnections() }
        let response = try await client.ask(getRequest("/healthz"))
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
        client.close()
        try await server.run.value
    }

    @Test("a request that waits for Redis beyond the drain timeout is answered with 503")
    func tooLong() async throws {
        let redis = try await RedisServer()
        var configuration = HTTPServerConfiguration.onLoopback
        // Deadlines are checked every quarter of the request timeout.
        configuration.requestTimeout = .seconds(2)
        configuration.drainTimeout = .milliseconds(200)
        let server = try await LiveServer(configuration, redis: redis)
        let client = try await clientInFlight(server, redis)

        await server.shutDown()
        let response = try await client.response()
        expectRefusal(response, 503, "service_unavailable")
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
        client.close()
        try await server.run.value
        #expect(await server.refusesConnections())
    }

    @Test("a cancelled server stops without the drain delay")
    func cancelled() async throws {
        let server = try await slowDrainingServer()
        let client = try await Client(server)
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
        server.run.cancel()
        #expect(try await client.rest().isEmpty)
        _ = await server.run.result
        #expect(await server.refusesConnections())
    }
}

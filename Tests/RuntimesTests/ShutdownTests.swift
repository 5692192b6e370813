import NIOCore
import Runtimes
import Testing
import TestSupport

@Suite("the server ends")
struct ShutdownTests {
    @Test("it is not ready any more but still takes connections, and then takes none and returns")
    func drain() async throws {
        let server = try await ServerHarness { $0.drainDelay = .seconds(1) }
        let idle = try server.connect()
        try idle.send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try idle.readResponse().status == 200)
        await server.shutDown()
        try await eventually("readiness to end") {
            let connection = try server.connect()
            try connection.send("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try connection.readResponse()
            return response.status == 503 && response["Connection"] == "close"
        }
        try await server.waitForEnd()
        #expect(try idle.readToEnd() == [])
        #expect(throws: RawHTTPError.self) { try server.connect() }
    }

    @Test("a request that is under way is answered before the end")
    func inFlight() async throws {
        let server = try await ServerHarness { $0.drainDelay = .milliseconds(1) }
        let connection = try server.connect()
        let request = Array(ServerHarness.signIn().utf8)
        try connection.send(bytes: Array(request[..<60]))
        // Answered, so it is certain that the server has read on the other connection, too.
        let other = try server.connect()
        try other.send(ServerHarness.health)
        _ = try other.readResponse()
        await server.shutDown()
        #expect(try other.readToEnd() == [])
        try connection.send(bytes: Array(request[60...]))
        let response = try connection.readResponse()
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        try await server.waitForEnd()
    }

    @Test("a request that never ends does not hold the end up for longer than it may")
    func stuck() async throws {
        let server = try await ServerHarness {
            $0.drainDelay = .milliseconds(1)
            $0.drainTimeout = .milliseconds(200)
        }
        let connection = try server.connect()
        try connection.send("POST /auth/send-magic-link HTTP/1.1\r\n")
        await server.shutDown()
        try await server.waitForEnd()
        #expect(throws: RawHTTPError.self) { try server.connect() }
    }
}

import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct PersistentConnectionTests {
    @Test("an HTTP/1.1 connection stays open, whatever the status of a response")
    func keepAlive() async throws {
        let client = try await Client(LiveServer())
        for _ in 0..<3 {
            let served = try await client.ask(getRequest("/healthz"))
            #expect(served.status == 200)
            #expect(String(decoding: served.body, as: UTF8.self) == #"{"ok":true}"#)
            #expect(served["Connection"] == nil)
            expectRefusal(try await client.ask(getRequest("/nothing")), 404, "not_found", closes: false)
            expectRefusal(try await client.ask(request("PUT", "/healthz")), 405, "method_not_allowed", closes: false)
            expectRefusal(try await client.ask(signInRequest("{")), 400, "invalid_json", closes: false)
            expectRefusal(try await client.ask(getRequest("/readyz")), 503, "service_unavailable", closes: false)
        }
    }

    @Test(
        "after a request with Connection: close, the server responds and closes",
        arguments: ["close", "Close", "CLOSE", "keep-alive, close", "close, TE"])
    func close(_ option: String) async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask(getRequest("/healthz", "Connection: \(option)"))
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
    }

    @Test("a request after one with Connection: close is not answered")
    func afterTheLast() async throws {
        let client = try await Client(LiveServer())
        try await client.send(getRequest("/healthz", "Connection: close") + getRequest("/nothing"))
        #expect(try await client.response().status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("an HTTP/1.0 connection closes after the response, and needs no Host")
    func http1_0() async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask("GET /healthz HTTP/1.0\r\n\r\n")
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
    }

    @Test("an HTTP/1.0 connection stays open for Connection: keep-alive, and the response says so")
    func http1_0KeepAlive() async throws {
        let client = try await Client(LiveServer())
        for _ in 0..<3 {
            let response = try await client.ask("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(response.status == 200)
            #expect(response["Connection"] == "keep-alive")
        }
        #expect(try await client.ask("GET /healthz HTTP/1.0\r\n\r\n")["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
    }

    @Test("the response to HEAD has the length of the body, but no body", arguments: ["/healthz", "/nothing"])
    func head(_ path: String) async throws {
        let client = try await Client(LiveServer())
        let get = try await client.ask(getRequest(path))
        try await client.send(request("HEAD", path) + getRequest(path))
        let head = try await client.response(isHead: true)
        #expect(head.status == get.status)
        #expect(head["Content-Length"] == "\(get.body.count)")
        #expect(head["Content-Type"] == get["Content-Type"])
        // If there were a body, it would be read as the start of the next response.
        let next = try await client.response()
        #expect(next.status == get.status)
        #expect(next.body == get.body)
    }

    @Test("the response to OPTIONS has neither body nor length")
    func options() async throws {
        let client = try await Client(LiveServer())
        try await client.send(request("OPTIONS", "/auth/send-magic-link") + getRequest("/healthz"))
        let response = try await client.response()
        #expect(response.status == 204)
        #expect(response["Content-Length"] == nil)
        #expect(response["Transfer-Encoding"] == nil)
        #expect(try await client.response().status == 200)
    }

    @Test("the body of a GET request is read and ignored")
    func bodyOfGet() async throws {
        let client = try await Client(LiveServer())
        try await client.send(getRequest("/healthz", "Content-Length: 5") + "hello" + getRequest("/nothing"))
        #expect(try await client.response().status == 200)
        #expect(try await client.response().status == 404)
    }

    @Test(
        "a request to upgrade is answered as without Upgrade, and then the connection closes",
        arguments: [
            getRequest("/healthz", "Connection: Upgrade", "Upgrade: websocket"),
            getRequest("/healthz", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
        ])
    func upgrade(_ text: String) async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask(text)
        #expect(response.status == 200)
        #expect(response["Upgrade"] == nil)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
    }

    @Test("CONNECT is answered with 404, and closes the connection")
    func connect() async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        expectRefusal(response, 404, "not_found")
        #expect(try await client.rest().isEmpty)
    }

    @Test(
        "a target with a query, or in absolute form, is served like its path",
        arguments: [
            "/healthz?", "/healthz?a=b/../c", "http://postern/healthz", "http://elsewhere.example/healthz?x",
            "https://postern:8443/healthz",
        ])
    func targets(_ target: String) async throws {
        let client = try await Client(LiveServer())
        #expect(try await client.ask(getRequest(target)).status == 200)
    }

    @Test(
        "a target that is not the path of a route is not found",
        arguments: ["*", "http://postern", "//healthz", "/healthz/"])
    func otherTargets(_ target: String) async throws {
        let client = try await Client(LiveServer())
        expectRefusal(try await client.ask(request("OPTIONS", target)), 404, "not_found", closes: false)
    }

    @Test("requests on different connections have different ids")
    func requestIDs() async throws {
        let server = try await LiveServer()
        let first = try await Client(server).ask(getRequest("/healthz"))
        let second = try await Client(server).ask(getRequest("/healthz"))
        #expect(first["X-Request-Id"]?.count == 32)
        #expect(first["X-Request-Id"] != second["X-Request-Id"])
        let named = try await Client(server).ask(getRequest("/healthz", "x-request-ID: caller/17"))
        #expect(named["X-Request-Id"] == "caller/17")
    }
}

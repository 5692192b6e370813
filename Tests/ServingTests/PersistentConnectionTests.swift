import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct PersistentConnectionTests {
    @Test("a connection of HTTP/1.1 stays open, whatever a request came to")
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
        "a client that wants no more gets its answer, and then the end",
        arguments: ["close", "Close", "CLOSE", "keep-alive, close", "close, TE"])
    func close(_ option: String) async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask(getRequest("/healthz", "Connection: \(option)"))
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
    }

    @Test("what is sent behind a last request is not answered")
    func behindTheLast() async throws {
        let client = try await Client(LiveServer())
        try await client.send(getRequest("/healthz", "Connection: close") + getRequest("/nothing"))
        #expect(try await client.response().status == 200)
        #expect(try await client.rest().isEmpty)
    }

    @Test("a connection of HTTP/1.0 ends with its answer, and needs no Host")
    func http1_0() async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask("GET /healthz HTTP/1.0\r\n\r\n")
        #expect(response.status == 200)
        #expect(response["Connection"] == "close")
        #expect(try await client.rest().isEmpty)
    }

    @Test("one of HTTP/1.0 stays open where it is asked to, and is told so")
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

    @Test("the answer to HEAD has the length of a body that does not come", arguments: ["/healthz", "/nothing"])
    func head(_ path: String) async throws {
        let client = try await Client(LiveServer())
        let get = try await client.ask(getRequest(path))
        try await client.send(request("HEAD", path) + getRequest(path))
        let head = try await client.response(isHead: true)
        #expect(head.status == get.status)
        #expect(head["Content-Length"] == "\(get.body.count)")
        #expect(head["Content-Type"] == get["Content-Type"])
        // Were there a body, the next response would start in it.
        let next = try await client.response()
        #expect(next.status == get.status)
        #expect(next.body == get.body)
    }

    @Test("the answer to OPTIONS has neither body nor length")
    func options() async throws {
        let client = try await Client(LiveServer())
        try await client.send(request("OPTIONS", "/auth/send-magic-link") + getRequest("/healthz"))
        let response = try await client.response()
        #expect(response.status == 204)
        #expect(response["Content-Length"] == nil)
        #expect(response["Transfer-Encoding"] == nil)
        #expect(try await client.response().status == 200)
    }

    @Test("the body of a GET is read and passed over")
    func bodyOfGet() async throws {
        let client = try await Client(LiveServer())
        try await client.send(getRequest("/healthz", "Content-Length: 5") + "hello" + getRequest("/nothing"))
        #expect(try await client.response().status == 200)
        #expect(try await client.response().status == 404)
    }

    @Test(
        "a request to speak another protocol is answered as if it were none, and then the connection ends",
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

    @Test("CONNECT leads nowhere, and ends the connection")
    func connect() async throws {
        let client = try await Client(LiveServer())
        let response = try await client.ask("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        expectRefusal(response, 404, "not_found")
        #expect(try await client.rest().isEmpty)
    }

    @Test(
        "a target with a query, or in absolute form, is served as its path is",
        arguments: [
            "/healthz?", "/healthz?a=b/../c", "http://door/healthz", "http://elsewhere.example/healthz?x",
            "https://door:8443/healthz",
        ])
    func targets(_ target: String) async throws {
        let client = try await Client(LiveServer())
        #expect(try await client.ask(getRequest(target)).status == 200)
    }

    @Test("a target that is no path is not found", arguments: ["*", "http://door", "//healthz", "/healthz/"])
    func otherTargets(_ target: String) async throws {
        let client = try await Client(LiveServer())
        expectRefusal(try await client.ask(request("OPTIONS", target)), 404, "not_found", closes: false)
    }

    @Test("two requests on two connections have two names")
    func names() async throws {
        let server = try await LiveServer()
        let first = try await Client(server).ask(getRequest("/healthz"))
        let second = try await Client(server).ask(getRequest("/healthz"))
        #expect(first["X-Request-Id"]?.count == 32)
        #expect(first["X-Request-Id"] != second["X-Request-Id"])
        let named = try await Client(server).ask(getRequest("/healthz", "x-request-ID: caller/17"))
        #expect(named["X-Request-Id"] == "caller/17")
    }
}

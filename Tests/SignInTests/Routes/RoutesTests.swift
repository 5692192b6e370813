import Foundation
import SignIn
import TestSupport
import Testing
import Web

/// A method and a path.
struct RouteCase: Sendable, CustomTestStringConvertible {
    let method: String
    let path: String

    init(_ method: String, _ path: String) {
        self.method = method
        self.path = path
    }

    var request: Request { Request(method: .init(method), path: path) }
    var testDescription: String { "\(method) \(path)" }
}

@Suite
struct RoutesTests {
    @Test(
        "a path with another spelling is not found",
        arguments: [
            "", "/", "*", "/auth", "/auth/", "/nothing", "auth/send-magic-link", "//auth/send-magic-link",
            "/auth//send-magic-link", "/auth/send-magic-link/", "/auth/send-magic-link//", "/AUTH/SEND-MAGIC-LINK",
            "/auth/Send-Magic-Link", "/auth/send%2Dmagic%2Dlink", "/auth/send%2dmagic-link", "/auth%2Fsend-magic-link",
            "/%61uth/send-magic-link", "/./auth/send-magic-link", "/auth/./send-magic-link",
            "/x/../auth/send-magic-link", "/auth/send-magic-link?", "/auth/send-magic-link#", "/auth/send-magic-link;x",
            "/auth/send-magic-link ", " /auth/send-magic-link", "/auth/send-magic-link\u{0}", "/auth\\send-magic-link",
            "/auth/send-magic-lin", "/auth/send-magic-links", "/healthz/", "/Healthz", "//readyz", "/.well-known/jwks",
            "/.well-known/jwks.json/", "/auth/send\u{2010}magic\u{2010}link", "/auth/send-magic-link\u{301}",
        ])
    func notFound(_ path: String) async throws {
        let harness = try await SignInHarness()
        for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE"] {
            let response = await harness.respond(to: RouteCase(method, path).request)
            #expect(response.status == .notFound, "\(method)")
            #expect(response.text == #"{"error":"There is nothing at this path","code":"not_found"}"#)
        }
    }

    @Test(
        "a method that a path does not support is refused, with the supported ones",
        arguments: [
            ("/auth/send-magic-link", "POST, OPTIONS"), ("/healthz", "GET, HEAD, OPTIONS"),
            ("/readyz", "GET, HEAD, OPTIONS"), ("/.well-known/jwks.json", "GET, HEAD, OPTIONS"),
        ])
    func methodNotAllowed(path: String, allow: String) async throws {
        let harness = try await SignInHarness()
        let allowed = allow.components(separatedBy: ", ")
        let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "post", ""]
        for method in methods where !allowed.contains(method) {
            let response = await harness.respond(to: RouteCase(method, path).request)
            #expect(response.status == .methodNotAllowed, "\(method)")
            #expect(response.fields[.allow] == allow, "\(method)")
            #expect(response.text == #"{"error":"This path supports only \#(allow)","code":"method_not_allowed"}"#)
        }
    }

    @Test("the paths that OpenFaaS calls work with every base path", arguments: ["", "/api"])
    func openFaaS(basePath: String) async throws {
        let redis = try await RedisServer()
        let harness = try await SignInHarness(redis, basePath: basePath)
        for path in ["/_/health", "/_/ready"] {
            let response = await harness.respond(to: .get(path))
            #expect(response.status == .ok, "\(path)")
        }
        #expect(await harness.respond(to: .get("/_/other")).status == .notFound)
    }

    @Test("OPTIONS returns the methods of every path", arguments: ["/healthz", "/readyz", "/.well-known/jwks.json"])
    func options(_ path: String) async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: RouteCase("OPTIONS", path).request)
        #expect(response.status == .noContent)
        #expect(response.fields[.allow] == "GET, HEAD, OPTIONS")
        #expect(response.body.isEmpty)
    }

    @Test("HEAD is answered like GET", arguments: ["/healthz", "/.well-known/jwks.json", "/readyz", "/nothing"])
    func head(_ path: String) async throws {
        let harness = try await SignInHarness()
        let get = await harness.respond(to: .get(path, fields: ["X-Request-Id": "one"]))
        let head = await harness.respond(
            to: Request(method: .head, path: path, fields: ["X-Request-Id": "one"]))
        #expect(head.status == get.status)
        #expect(head.fields == get.fields)
        // The runtime leaves the body out, and sends its length.
        #expect(head.body == get.body)
    }

    @Test("the process is healthy without Redis")
    func health() async throws {
        let harness = try await SignInHarness()
        let response = await harness.respond(to: .get("/healthz"))
        #expect(response.status == .ok)
        #expect(response.text == #"{"ok":true}"#)
        #expect(response.fields[.contentType] == "application/json")
    }

    @Test("the process is ready only while Redis answers")
    func readinessFollowsRedis() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        #expect(await harness.respond(to: .get("/readyz")).status == .ok)
        server.stop()
        let response = await harness.respond(to: .get("/readyz"))
        #expect(response.status == .serviceUnavailable)
        #expect(response.code == "service_unavailable")
        #expect(response.fields[.retryAfter] == "1")
        #expect(await harness.respond(to: .get("/healthz")).status == .ok)
    }

    @Test("once the drain has begun the process is no longer ready, but it is healthy and serves requests")
    func readinessEndsWithDrain() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        #expect(await harness.respond(to: .get("/readyz")).text == #"{"ok":true}"#)
        harness.readiness.beginDrain()
        #expect(await harness.respond(to: .get("/readyz")).status == .serviceUnavailable)
        #expect(await harness.respond(to: .get("/healthz")).status == .ok)
        #expect(await harness.respond(to: .signIn()).status == .ok)
    }

    @Test(
        "with a base path every route is below it, and none is elsewhere",
        arguments: ["/healthz", "/.well-known/jwks.json", "/auth/send-magic-link"])
    func basePath(_ path: String) async throws {
        let harness = try await SignInHarness(basePath: "/api/v1")
        #expect(await harness.respond(to: RouteCase("OPTIONS", "/api/v1" + path).request).status == .noContent)
        for wrong in [path, "/api" + path, "/api/v1/api/v1" + path, "/api/v1/" + path, "/API/V1" + path] {
            #expect(await harness.respond(to: RouteCase("OPTIONS", wrong).request).status == .notFound, "\(wrong)")
        }
        let glued = "/api/v1" + String(path.dropFirst())
        #expect(await harness.respond(to: RouteCase("OPTIONS", glued).request).status == .notFound)
        #expect(await harness.respond(to: RouteCase("OPTIONS", "/api/v1").request).status == .notFound)
    }
}

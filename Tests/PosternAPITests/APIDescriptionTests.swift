import Cryptography
import Foundation
import Logging
import NIOCore
import NIOPosix
import Platform
import Redis
import ServerProcess
import Telemetry
import Testing

@testable import Web
@testable import postern_api

@Suite
struct APIDescriptionTests {
    /// The program's routes, without a Redis.
    private func routes() async throws -> [Route] {
        let environment = Environment([
            "REDIS_URL": "redis://127.0.0.1:1", "POSTERN_ALLOWED_ORIGINS": "https://portal.example",
            "POSTERN_SECRET_KEYS": "k1:\(Data(0..<32).base64EncodedString())", "POSTERN_BASE_PATH": "/api",
        ])
        let program = try PosternAPI(environment, metrics: MetricsRegistry())
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let redis = try await loop.submit {
            try program.settings.redis.client(named: "test", on: loop, logger: Logger(label: "test"))
        }.get()
        return try program.routes(on: redis) + Health(redis: redis, readiness: Readiness()).routes
    }

    /// The response of a route for GET.
    private func get(_ path: String) async throws -> Response {
        let route = try #require(await routes().first { $0.path == path })
        let log = RequestLog(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, outages: OutageLog(),
            lines: BoundedLines(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            id: RequestID(given: nil))
        let request = Request(method: .get, path: path)
        return try await route.handler(
            RequestContext(request, behind: TrustedProxies([]), log: log, now: UnixTime.now))
    }

    private func document() async throws -> [String: Any] {
        let body = try await get("/openapi.json").body
        return try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
    }

    /// The described operations, by method and path.
    private func operations() async throws -> [String: [String: Any]] {
        var operations: [String: [String: Any]] = [:]
        for (path, item) in try #require(try await document()["paths"] as? [String: [String: [String: Any]]]) {
            for (method, operation) in item { operations["\(method.uppercased()) \(path)"] = operation }
        }
        return operations
    }

    @Test("every route is described, and every described operation is a route")
    func complete() async throws {
        let described = Set(try await operations().keys)
        #expect(Set(try await routes().map { "\($0.method.name) \($0.path)" }) == described)
    }

    @Test("each operation has an id of its own, a summary, a description, and the scope of its route")
    func operationsAreComplete() async throws {
        let operations = try await operations()
        #expect(Set(operations.values.compactMap { $0["operationId"] as? String }).count == operations.count)
        for route in try await routes() {
            let operation = try #require(operations["\(route.method.name) \(route.path)"])
            for member in ["operationId", "summary", "description"] {
                #expect(operation[member] is String, "\(route.path) \(member)")
            }
            if case .apiKey(let scope) = route.guard {
                #expect(operation["x-scope"] as? String == scope.text)
                #expect(operation["security"] == nil)
            } else {
                #expect((operation["security"] as? [Any])?.isEmpty == true)
            }
        }
    }

    @Test("the server's address has the base path, and references lead to something")
    func references() async throws {
        let document = try await document()
        #expect((document["servers"] as? [[String: String]]) == [["url": "/api"]])
        let text = String(decoding: try await get("/openapi.json").body, as: UTF8.self)
        let references = text.matches(of: /"\$ref":"#\/([^"]+)"/).map { String($0.1) }
        #expect(references.count > 20)
        for reference in Set(references) {
            let target = reference.split(separator: "/").reduce(document as Any?) { value, name in
                (value as? [String: Any])?[String(name)]
            }
            #expect(target != nil, "\(reference)")
        }
    }

    @Test("the page names every operation, and loads nothing")
    func page() async throws {
        let response = try await get("/docs")
        let html = String(decoding: response.body, as: UTF8.self)
        for name in try await operations().keys { #expect(html.contains("<h2><code>\(name)</code></h2>"), "\(name)") }
        #expect(html.contains("links:write"))
        for loading in ["<script", "<link", "<img", "src=", "url(", "@import", "javascript:"] {
            #expect(!html.contains(loading), "\(loading)")
        }
        let start = try #require(html.firstRange(of: "<style>")?.upperBound)
        let end = try #require(html.firstRange(of: "</style>")?.lowerBound)
        let digest = Data(Digest.sha256.bytes(of: Array(html[start..<end].utf8))).base64EncodedString()
        let policy = try #require(response.fields[.contentSecurityPolicy])
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-\(digest)'"))
    }

    @Test("every tag is balanced, and texts of the description are escaped")
    func balance() async throws {
        let html = String(decoding: try await get("/docs").body, as: UTF8.self)
        var open: [Substring] = []
        for tag in html.matches(of: /<(\/?)([a-z0-9]+)[^>]*>/).map(\.output) {
            if ["meta"].contains(tag.2) { continue }
            if tag.1.isEmpty { open.append(tag.2) } else { #expect(open.popLast() == tag.2) }
        }
        #expect(open.isEmpty)
        #expect(html.contains("&quot;email&quot;:&quot;ada@example.com&quot;"))
    }
}

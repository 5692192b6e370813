import Testing

@testable import Web

@Suite
struct RouteTableTests {
    /// A route that answers with its own name as the body.
    private static func route(_ method: Web.Method, _ path: String, alias: String? = nil, _ name: String) -> Route {
        Route(method, path, .open, alias: alias) { _ in Response(status: .ok, body: Array(name.utf8)) }
    }

    private static let routes = [
        route(.get, "/page", "view"), route(.post, "/page", "press"), route(.post, "/only", "post"),
        route(.get, "/health", alias: "/_/health", "health"),
    ]

    @Test(
        "a path has its own methods, and OPTIONS; a route for GET also answers HEAD",
        arguments: [
            ("/page", "GET, HEAD, POST, OPTIONS"), ("/only", "POST, OPTIONS"), ("/health", "GET, HEAD, OPTIONS"),
        ])
    func allow(path: String, methods: String) throws {
        let table = RouteTable(RouteTableTests.routes, basePath: "")
        let entry = try #require(table[path])
        #expect(entry.allow == methods)
        #expect(entry.label == path)
        let allowed = methods.split(separator: ", ").map(String.init)
        for name in ["GET", "HEAD", "POST", "PUT", "DELETE", "get", ""] {
            if allowed.contains(name) {
                _ = try entry.route(for: Web.Method(name))
            } else {
                #expect(throws: HTTPError.methodNotAllowed(methods)) { try entry.route(for: Web.Method(name)) }
            }
        }
    }

    @Test("the routes of one path are told apart by their methods")
    func methods() throws {
        let entry = try #require(RouteTable(RouteTableTests.routes, basePath: "")["/page"])
        #expect(try entry.route(for: .get).method == .get)
        #expect(try entry.route(for: .head).method == .get)
        #expect(try entry.route(for: .post).method == .post)
    }

    @Test("the base path precedes every path but an alias, and is not part of the label", arguments: ["", "/api/v1"])
    func basePath(basePath: String) throws {
        let table = RouteTable(RouteTableTests.routes, basePath: basePath)
        #expect(table[basePath + "/only"]?.label == "/only")
        #expect(table["/_/health"]?.label == "/health")
        #expect(table[basePath + "/health"]?.label == "/health")
        if !basePath.isEmpty {
            for path in ["/only", "/health", basePath + "/_/health", basePath, basePath + "/"] {
                #expect(table[path] == nil, "\(path)")
            }
        }
    }

    @Test(
        "a path has one spelling",
        arguments: ["", "/", "/only/", "//only", "/Only", "/%6Fnly", "/only?", "/only ", "only", "/only\u{301}"])
    func spelling(path: String) {
        #expect(RouteTable(RouteTableTests.routes, basePath: "")[path] == nil)
    }
}

/// The routes of a program, by path.
struct RouteTable: Sendable {
    /// The routes of one path.
    struct Entry: Sendable {
        /// The path without the base path: the label of metrics.
        let label: String
        fileprivate(set) var routes: [Route]
        /// Whether the path is for servers, and no response allows an origin: a route of it requires an API key.
        fileprivate(set) var isForServers = false

        /// The value of `Allow` (RFC 9110 §10.2.1).
        var allow: String {
            let methods = routes.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.name] }
            return (methods + ["OPTIONS"]).joined(separator: ", ")
        }

        /// The route for a method.
        /// - Throws: `method_not_allowed`.
        func route(for method: Method) throws(HTTPError) -> Route {
            guard let route = routes.first(where: { $0.answers(method) }) else { throw .methodNotAllowed(allow) }
            return route
        }
    }

    private var entries: [String: Entry] = [:]

    /// - Parameters:
    ///   - routes: at most one for each method of a path.
    ///   - basePath: the prefix of every path that is not an alias: empty, or a path such as `/api`.
    init(_ routes: [Route], basePath: String) {
        for route in routes {
            for path in [basePath + route.path, route.alias] {
                guard let path else { continue }
                var entry = entries[path] ?? Entry(label: route.path, routes: [])
                precondition(!entry.routes.contains { $0.method == route.method }, "\(path) has one route a method")
                entry.routes.append(route)
                if route.guard.requiresAPIKey { entry.isForServers = true }
                entries[path] = entry
            }
        }
    }

    /// The routes of a path; `nil` if it has none.
    subscript(path: String) -> Entry? { entries[path] }
}

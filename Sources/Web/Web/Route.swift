/// A route: a method on a path, its guard, and the function that answers.
package struct Route: Sendable {
    /// Answers a request, or throws the error that answers it.
    package typealias Handler = @Sendable (RequestContext) async throws(HTTPError) -> Response

    /// The method. A route for GET also answers HEAD.
    let method: Method
    /// The path that follows the base path. It is also the route's name in metrics.
    let path: String
    /// Another path for the route, which is the same for every base path; `nil` if there is none.
    let alias: String?
    let `guard`: Guard
    let handler: Handler

    /// - Parameters:
    ///   - path: starts with `/`. Only this spelling is found.
    ///   - alias: another path for the route, which does not follow the base path.
    package init(
        _ method: Method, _ path: String, _ guard: Guard, alias: String? = nil, _ handler: @escaping Handler
    ) {
        precondition(path.hasPrefix("/"), "a path starts with /")
        self.method = method
        self.path = path
        self.alias = alias
        self.guard = `guard`
        self.handler = handler
    }

    /// Whether the route answers requests with a method.
    func answers(_ method: Method) -> Bool {
        method == self.method || (method == .head && self.method == .get)
    }
}

/// The condition under which a request reaches a route.
package enum Guard: Sendable {
    /// Every request does.
    case open
    /// Requests of browsers do if they come from an allowed origin: an `Origin` that is not allowed is refused. Requests
    /// without `Origin` do not come from another site's scripts, and reach the route.
    case browserOrigin
    /// Requests with an API key that has the scope do. The path is for servers: it grants nothing to other origins'
    /// scripts.
    case apiKey(Scope)

    /// Whether requests need an API key.
    var requiresAPIKey: Bool {
        if case .apiKey = self { true } else { false }
    }
}

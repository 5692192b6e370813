import Net

/// Cross-origin resource sharing (the Fetch standard, §3.2): scripts of allowed origins may read responses. Credentials
/// are never allowed.
package struct CrossOrigin: Sendable {
    private static let exposedFields = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id"
    /// The fields that scripts may send. Those of tracing libraries are ignored, but a preflight that does not name them
    /// would keep their users from sending the request.
    private static let requestFields =
        "Content-Type, X-AppHandoff-Callback-Origin, X-Request-Id, traceparent, tracestate, baggage, sentry-trace"
    /// `Access-Control-Max-Age`, in seconds. Browsers cap it at two hours or less.
    private static let preflightLifetime = "7200"

    private let policy: OriginPolicy

    package init(policy: OriginPolicy) {
        self.policy = policy
    }

    /// Adds `Vary`, and if the origin is allowed, the fields that let its scripts read the response.
    /// - Parameter text: the request's `Origin`; `nil` if it has none.
    package func open(_ response: inout Response, to text: String?) {
        let isTranslated = response.fields[.contentLanguage] != nil
        response.fields.append(.vary, isTranslated ? "Origin, Accept-Language" : "Origin")
        guard let text, policy.allows(text) else { return }
        response.fields.append(.accessControlAllowOrigin, text)
        response.fields.append(.accessControlExposeHeaders, CrossOrigin.exposedFields)
    }

    /// The response to OPTIONS, for preflights and all other requests.
    /// - Parameter allow: the path's methods, separated by commas.
    package func preflight(allow: String) -> Response {
        Response(
            status: .noContent,
            fields: [
                .allow: allow,
                .accessControlAllowMethods: allow,
                .accessControlAllowHeaders: CrossOrigin.requestFields,
                .accessControlMaxAge: CrossOrigin.preflightLifetime,
            ])
    }
}

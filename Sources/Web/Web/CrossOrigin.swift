import Net

/// Cross-origin resource sharing (the Fetch standard, §3.2): which sites' scripts may read answers. Credentials never.
package struct CrossOrigin: Sendable {
    private static let exposedFields = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id"
    private static let requestFields = "Content-Type, X-AppHandoff-Callback-Origin, X-Request-Id"
    /// For how long a preflight's answer holds, in seconds; browsers cap it at two hours or less.
    private static let preflightLifetime = "7200"

    private let policy: OriginPolicy

    package init(policy: OriginPolicy) {
        self.policy = policy
    }

    /// Lets the requesting site read the response, errors included, where its origin is allowed.
    /// - Parameter text: the request's `Origin`.
    package func open(_ response: inout Response, to text: String?) {
        let isTranslated = response.fields[.contentLanguage] != nil
        response.fields.append(.vary, isTranslated ? "Origin, Accept-Language" : "Origin")
        guard let text, policy.allows(text) else { return }
        response.fields.append(.accessControlAllowOrigin, text)
        response.fields.append(.accessControlExposeHeaders, CrossOrigin.exposedFields)
    }

    /// The answer to OPTIONS, a browser's preflight or not.
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

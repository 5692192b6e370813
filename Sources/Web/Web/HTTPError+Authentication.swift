extension HTTPError.Code {
    package static var unauthorized: Self { .init("unauthorized", .unauthorized) }
    package static var insufficientScope: Self { .init("insufficient_scope", .forbidden) }
}

extension HTTPError {
    // RFC 6750 §3: the scheme is followed by at least one parameter. `error` is only for requests with credentials.

    /// The request has no credentials, but its route requires them.
    package static let apiKeyRequired = HTTPError(
        .unauthorized, .english("This path requires an API key: send Authorization: Bearer, followed by the key"),
        fields: [.authenticate: #"Bearer realm="postern""#])

    /// The request's credentials are not those of an API key that works.
    package static let invalidAPIKey = HTTPError(
        .unauthorized, .english("The API key is malformed, unknown, expired or revoked"),
        fields: [.authenticate: #"Bearer realm="postern", error="invalid_token""#])

    /// The caller's API key works, but lacks the scope that the route requires.
    package static func insufficientScope(_ scope: Scope) -> HTTPError {
        HTTPError(
            .insufficientScope, .english("The API key lacks the scope \(scope.text)"),
            fields: [.authenticate: #"Bearer realm="postern", error="insufficient_scope", scope="\#(scope.text)""#])
    }
}

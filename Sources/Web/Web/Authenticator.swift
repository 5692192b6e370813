/// Checks the credentials of requests to routes with the guard ``Guard/apiKey(_:)``.
package protocol Authenticator: Sendable {
    /// Returns the caller that sent a request, if its credentials are valid and grant a scope.
    /// - Throws: the error that answers the request: `unauthorized`, `insufficient_scope`, `rate_limited`, or that of
    ///   an outage.
    func caller(sending context: RequestContext, needing scope: Scope) async throws(HTTPError) -> Authentication
}

/// The result of checking a request's credentials.
package struct Authentication: Sendable, Equatable {
    package let caller: Caller
    /// Fields that the response must have, such as those with the quota of the caller's API key. If the response has one
    /// of them itself, both values are sent as a list.
    package let fields: ResponseFields

    package init(_ caller: Caller, fields: ResponseFields = [:]) {
        self.caller = caller
        self.fields = fields
    }
}

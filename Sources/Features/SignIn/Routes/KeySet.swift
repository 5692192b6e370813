import Web

/// `GET /.well-known/jwks.json`: the public keys that verify assertions (RFC 7517).
struct KeySet: Sendable {
    private let json: [UInt8]

    /// - Parameter issuer: `nil` if the deployment does not sign.
    init(_ issuer: AssertionIssuer?) {
        json = issuer?.keySet ?? AssertionIssuer.emptyKeySet
    }

    /// Answers a request.
    func respond(to context: RequestContext) async throws(HTTPError) -> Response {
        var response = Response(status: .ok, json: json)
        // A new key must be published this long before it signs: portals may have cached the earlier keys.
        response.fields.append(.cacheControl, "public, max-age=300")
        return response
    }
}

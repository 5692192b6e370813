/// What answers requests, whichever way they come in.
package protocol Responder: Sendable {
    /// Answers a request. It always does: whatever goes wrong becomes a response.
    func respond(to request: Request) async -> Response

    /// The response to a request that is refused before it is whole.
    /// - Parameter fields: the request's header fields, as far as they are known.
    func response(to error: HTTPError, fields: RequestFields) -> Response

    /// Whether requests can be served now.
    func isReady() async -> Bool

    /// Whether a path has a route.
    func isRoute(_ path: String) -> Bool
}

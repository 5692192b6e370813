/// A handler of requests, independent of the server that received them.
package protocol Responder: Sendable {
    /// Answers a request. Errors become responses too.
    func respond(to request: Request) async -> Response

    /// The response to a request that is refused before it is complete.
    /// - Parameter fields: the request's header fields; empty if they have not arrived.
    func response(to error: HTTPError, fields: RequestFields) -> Response

    /// Whether requests can be served now.
    func isReady() async -> Bool

    /// Whether a path has a route.
    func isRoute(_ path: String) -> Bool
}

import Net

/// An HTTP request, from the HTTP server or from AWS Lambda.
package struct Request: Sendable {
    /// The maximum size of a body.
    package static let maximumBodyByteCount = 16 * 1024

    package var method: Method
    /// The target's path without the query. Percent escapes are not decoded.
    package var path: String
    /// The part of the target after the first `?`; empty if there is none.
    package var query: String
    package var fields: RequestFields
    /// The whole body. The server refuses one longer than ``maximumBodyByteCount``.
    package var body: [UInt8]
    /// The IP address at the other end of the connection, which may be a proxy's; `nil` if unknown.
    package var peer: IPAddress?
    /// The host's ids for the request, such as that of its trace. They become members of each log line.
    package var logMetadata: [String: String] = [:]

    package init(
        method: Method, path: String, query: String = "", fields: RequestFields = [:], body: [UInt8] = [],
        peer: IPAddress? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.peer = peer
    }
}

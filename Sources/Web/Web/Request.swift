import Net

/// A request, whichever runtime it came through.
package struct Request: Sendable {
    /// How long a body may be.
    package static let maximumBodyByteCount = 16 * 1024

    package var method: Method
    /// The target's path, its percent escapes untouched, without the query.
    package var path: String
    /// What follows the first `?` of the target; empty where there is none.
    package var query: String
    package var fields: RequestFields
    /// The whole body; the runtime refuses one longer than ``maximumBodyByteCount``.
    package var body: [UInt8]
    /// Who is at the other end of the connection, a proxy perhaps; `nil` where that is unknown.
    package var peer: IPAddress?
    /// What the host calls the request, such as the id of its trace: members of each log line.
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

public import SignIn

/// A request, whichever runtime it came through.
public struct Request: Sendable {
    public var method: Method
    /// The target's path, its percent escapes untouched, without the query.
    public var path: String
    /// What follows the first `?` of the target; empty where there is none.
    public var query: String
    public var fields: RequestFields
    /// The whole body; the runtime refuses one longer than ``Door/maximumBodyByteCount``.
    public var body: [UInt8]
    /// Who is at the other end of the connection, a proxy perhaps; `nil` where that is unknown.
    public var peer: IPAddress?
    /// What the host calls the request, such as the id of its trace: members of each log line.
    public var logMetadata: [String: String] = [:]

    public init(
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

/// An answer. The runtime adds what belongs to its transport, such as `Content-Length` and `Date`, and leaves the body
/// out where the request's method was HEAD.
public struct Response: Sendable {
    public var status: Status
    public var fields: ResponseFields
    public var body: [UInt8]

    init(status: Status, fields: ResponseFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A JSON object.
    init(status: Status, json: [UInt8]) {
        self.init(status: status, fields: [.contentType: "application/json"], body: json)
    }

    /// `{"ok":true}`.
    static let ok = Response(status: .ok, json: Array(#"{"ok":true}"#.utf8))
}

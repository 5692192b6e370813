/// An answer. The runtime adds what belongs to its transport, such as `Content-Length` and `Date`, and leaves the body
/// out where the request's method was HEAD.
package struct Response: Sendable {
    package var status: Status
    package var fields: ResponseFields
    package var body: [UInt8]

    package init(status: Status, fields: ResponseFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// A JSON object.
    package init(status: Status, json: [UInt8]) {
        self.init(status: status, fields: [.contentType: "application/json"], body: json)
    }

    /// `{"ok":true}`.
    package static let ok = Response(status: .ok, json: Array(#"{"ok":true}"#.utf8))
}

/// A response. The server adds the fields of its transport, such as `Content-Length` and `Date`, and leaves out the
/// body if the request's method was HEAD.
package struct Response: Sendable {
    package var status: Status
    package var fields: ResponseFields
    package var body: [UInt8]
    /// The owner of ``body`` if many responses have the same one; `nil` if it was made for this response.
    package let sharedBody: SharedBody?

    package init(status: Status, fields: ResponseFields = [:], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
        sharedBody = nil
    }

    /// Creates a response whose body is that of many.
    package init(status: Status, fields: ResponseFields, sharedBody: SharedBody) {
        self.status = status
        self.fields = fields
        body = sharedBody.bytes
        self.sharedBody = sharedBody
    }

    /// Creates a response whose body is JSON.
    package init(status: Status, json: [UInt8]) {
        self.init(status: status, fields: [.contentType: "application/json"], body: json)
    }

    /// `{"ok":true}`.
    package static let ok = Response(status: .ok, json: Array(#"{"ok":true}"#.utf8))
}

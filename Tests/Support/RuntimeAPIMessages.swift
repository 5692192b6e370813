import NIOCore
import NIOHTTP1

/// A call of the Runtime API.
struct RuntimeAPICall: Sendable {
    enum Target: Sendable, Equatable {
        case next
        case response(requestID: String)
        case error(requestID: String)
        case initError
        /// No known call.
        case nothing
    }

    let target: Target
    /// The method and the path.
    let line: String
    let fields: HTTPHeaders
    /// The body, cut off at Lambda's maximum size of an answer.
    let body: [UInt8]
    /// Whether the body is larger than an answer may be.
    let isTooLarge: Bool
    /// Whether the connection closes after the reply.
    let isLast: Bool
    /// The time at which the end of the call was read.
    let instant = ContinuousClock.now

    init(_ head: HTTPRequestHead, body: [UInt8], isTooLarge: Bool) {
        target = RuntimeAPICall.target(of: head)
        line = "\(head.method.rawValue) \(head.uri)"
        fields = head.headers
        self.body = body
        self.isTooLarge = isTooLarge
        isLast = !head.isKeepAlive
    }

    /// The kind of call; `nil` if it is not a known call.
    var kind: RuntimeAPIServer.Call? {
        switch target {
        case .next: .next
        case .response: .response
        case .error: .error
        case .initError: .initError
        case .nothing: nil
        }
    }

    /// The error that the call reports, if it is `error` or `init/error`.
    var report: RuntimeAPIServer.ErrorReport {
        RuntimeAPIServer.ErrorReport(
            type: fields.first(name: "Lambda-Runtime-Function-Error-Type") ?? "", body: body)
    }

    private static func target(of head: HTTPRequestHead) -> Target {
        let base = "/2018-06-01/runtime/"
        guard head.uri.hasPrefix(base) else { return .nothing }
        let words = head.uri.dropFirst(base.count).split(separator: "/", omittingEmptySubsequences: false)
            .map { String($0) }
        if head.method == .GET { return words == ["invocation", "next"] ? .next : .nothing }
        guard head.method == .POST else { return .nothing }
        if words == ["init", "error"] { return .initError }
        guard words.count == 3, words[0] == "invocation" else { return .nothing }
        switch words[2] {
        case "response": return .response(requestID: words[1])
        case "error": return .error(requestID: words[1])
        default: return .nothing
        }
    }
}

/// A reply of the Runtime API.
struct RuntimeAPIReply: Sendable {
    /// The size above which a body is sent in chunks, without `Content-Length`, as Go's HTTP server, on which the real
    /// API is based, does it.
    private static let maximumBytesOfKnownLength = 2048

    let status: HTTPResponseStatus
    let fields: HTTPHeaders
    let body: [UInt8]

    private init(_ status: HTTPResponseStatus, fields: HTTPHeaders = [:], body: [UInt8]) {
        self.status = status
        self.body = body
        var fields = fields
        fields.add(name: "Content-Type", value: "application/json")
        if body.count <= RuntimeAPIReply.maximumBytesOfKnownLength {
            fields.add(name: "Content-Length", value: "\(body.count)")
        }
        self.fields = fields
    }

    /// The reply to `next`.
    init(giving invocation: RuntimeAPIState.Invocation) {
        var fields: HTTPHeaders = [
            "Lambda-Runtime-Aws-Request-Id": invocation.requestID,
            "Lambda-Runtime-Deadline-Ms": "\(invocation.deadline)",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:postern",
        ]
        if let id = invocation.traceID { fields.add(name: "Lambda-Runtime-Trace-Id", value: id) }
        if let id = invocation.invocationID { fields.add(name: "Lambda-Runtime-Invocation-Id", value: id) }
        self.init(.ok, fields: fields, body: invocation.event)
    }

    static let accepted = RuntimeAPIReply(.accepted, body: Array(#"{"status":"OK"}"#.utf8))
    static let unknownID = refusal(.badRequest, "InvalidRequestID", "Invalid request ID")
    static let wrongOrder = refusal(.forbidden, "InvalidStateTransition", "State transition is not allowed")
    static let noSuchCall = refusal(.notFound, "NotFound", "There is no such call")
    static let late = refusal(.gone, "InvokeTimeout", "Invoke timeout")
    static let tooLarge = refusal(
        .payloadTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
    static let failure = refusal(.internalServerError, "InternalServerError", "Internal Server Error")

    private static func refusal(_ status: HTTPResponseStatus, _ type: String, _ message: String) -> RuntimeAPIReply {
        RuntimeAPIReply(status, body: Array(#"{"errorMessage":"\#(message)","errorType":"\#(type)"}"#.utf8))
    }
}

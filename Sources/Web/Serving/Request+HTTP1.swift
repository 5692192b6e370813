import Bytes
import Net
import NIOHTTP1
import Web

extension Request {
    /// Creates a request from what NIO's decoder produced.
    init(head: HTTPRequestHead, body: [UInt8], peer: IPAddress?) {
        self.init(
            method: Method(head.method.rawValue), path: Request.path(ofTarget: head.uri),
            query: Request.query(ofTarget: head.uri), fields: RequestFields(head.headers), body: body, peer: peer)
    }

    /// The path of a request target in origin form or absolute form (RFC 9112 §3.2).
    static func path(ofTarget target: String) -> String {
        var path = Substring(target).utf8
        if path.first != UInt8(ascii: "/") {
            guard let colon = path.firstIndex(of: UInt8(ascii: ":")), path[colon...].starts(with: "://".utf8) else {
                return target
            }
            path = path[colon...].dropFirst(3).drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            if path.first != UInt8(ascii: "/") { return "/" }
        }
        return String(Substring(path.prefix { $0 != UInt8(ascii: "?") }))
    }

    /// The query of a request target; empty if it has none.
    static func query(ofTarget target: String) -> String {
        String(Substring(target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst()))
    }
}

extension RequestFields {
    init(_ headers: HTTPHeaders) {
        self.init()
        for (name, value) in headers { append(name, value) }
    }
}

extension HTTPRequestHead {
    /// Whether the request's version is HTTP/1.0.
    var isHTTP1_0: Bool { version == .http1_0 }

    var asksToUpgrade: Bool { method == .CONNECT || headers.contains(name: "upgrade") }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    var expectsContinue: Bool { !isHTTP1_0 && value(of: "expect")?.lowercased() == "100-continue" }

    /// The length of the body in bytes (RFC 9112 §6.2); `nil` if the head has none, or one that does not fit an Int.
    var contentLength: Int? { value(of: "content-length").flatMap { Int($0) } }

    /// The first line of a field, without the white space around it, which is not part of its value (RFC 9110 §5.5).
    private func value(of name: String) -> Substring? {
        headers.first(name: name).map { Substring($0).trimmingWhitespace() }
    }

    /// The error for a request that is refused by its head, before its body is read; `nil` if it is acceptable.
    var error: HTTPError? {
        // RFC 9112 §3.2: an HTTP/1.1 request has exactly one Host field.
        guard isHTTP1_0 || headers["host"].count == 1 else { return .badRequest }
        // The decoder accepts only digits as a length. If they do not fit an Int, the body is too large.
        if headers.contains(name: "content-length"), contentLength ?? .max > Request.maximumBodyByteCount {
            return .payloadTooLarge
        }
        // RFC 9112 §6.1: chunked is the only supported coding, and HTTP/1.0 has no transfer codings.
        let codings = headers["transfer-encoding"]
        let isChunked = codings.count == 1 && value(of: "transfer-encoding")?.lowercased() == "chunked"
        guard codings.isEmpty || (!isHTTP1_0 && isChunked) else { return .badRequest }
        return nil
    }
}

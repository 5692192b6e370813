import NIOHTTP1
import Net
import Web

extension Request {
    /// A request as NIO's decoder gives it.
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

    /// The query of a request target; empty where it has none.
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
    /// Whether the client knows no later version than HTTP/1.0.
    var isHTTP1_0: Bool { version == .http1_0 }

    var asksToUpgrade: Bool { method == .CONNECT || headers.contains(name: "upgrade") }

    /// Whether the client sends its body only when it is told to (RFC 9110 §10.1.1).
    var expectsContinue: Bool { !isHTTP1_0 && headers.first(name: "expect")?.lowercased() == "100-continue" }

    /// Why the request is refused before its body has come; `nil` where it is not.
    var refusal: HTTPError? {
        // RFC 9112 §3.2: a request of HTTP/1.1 has one Host field.
        guard isHTTP1_0 || headers["host"].count == 1 else { return .badRequest }
        // The decoder lets only digits pass as a length; those that make no integer are far too many.
        if let length = headers.first(name: "content-length"), Int(length) ?? .max > Request.maximumBodyByteCount {
            return .payloadTooLarge
        }
        // RFC 9112 §6.1: chunked is the only coding that is understood here, and HTTP/1.0 has none.
        let codings = headers["transfer-encoding"]
        guard codings.isEmpty || (!isHTTP1_0 && codings.count == 1 && codings[0].lowercased() == "chunked") else {
            return .badRequest
        }
        return nil
    }
}

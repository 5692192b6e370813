import Edge
import HTTPTypes
import NIOHTTP1
import SignIn

extension Request {
    /// A request as NIO's decoder gives it.
    init(head: HTTPRequestHead, body: [UInt8], peer: IPAddress?) {
        self.init(
            method: HTTPRequest.Method(head.method), path: Request.path(ofTarget: head.uri),
            fields: HTTPFields(head.headers), body: body, peer: peer)
    }

    /// The path of a request target in origin form or absolute form (RFC 9112 §3.2).
    static func path(ofTarget target: String) -> String {
        var rest = target[...]
        if !target.hasPrefix("/"), let colon = target.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let behind = target[colon...].dropFirst()
            guard behind.hasPrefix("//") else { return target }
            rest = behind.dropFirst(2).drop { $0 != "/" }
            if rest.isEmpty { return "/" }
        }
        return String(rest.prefix { $0 != "?" })
    }
}

extension HTTPRequest.Method {
    fileprivate init(_ method: HTTPMethod) {
        switch method {
        case .POST: self = .post
        case .GET: self = .get
        case .HEAD: self = .head
        case .OPTIONS: self = .options
        // The decoder lets no method pass that is not a token.
        default: self = HTTPRequest.Method(rawValue: method.rawValue) ?? .trace
        }
    }
}

extension HTTPFields {
    init(_ headers: HTTPHeaders) {
        self.init()
        reserveCapacity(headers.count)
        for (name, value) in headers {
            // The decoder lets no name pass that is not a token.
            guard let name = HTTPField.Name(name) else { continue }
            append(HTTPField(name: name, value: value))
        }
    }
}

import Edge
import NIOHTTP1
import SignIn

extension Request {
    /// A request as NIO's decoder gives it.
    init(head: HTTPRequestHead, body: [UInt8], peer: IPAddress?) {
        self.init(
            method: Method(head.method.rawValue), path: Request.path(ofTarget: head.uri),
            fields: RequestFields(head.headers), body: body, peer: peer)
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
}

extension RequestFields {
    init(_ headers: HTTPHeaders) {
        self.init()
        for (name, value) in headers { append(name, value) }
    }
}

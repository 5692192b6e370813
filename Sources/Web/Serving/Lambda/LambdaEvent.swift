import Bytes
import Net
import Web

/// An HTTP request in the form of an AWS Lambda event, from an HTTP API or function URL, a REST API, or an Application
/// Load Balancer (docs.aws.amazon.com/lambda, "Using AWS Lambda with other services").
struct LambdaEvent: Sendable {
    /// The kind of AWS service that sent the event. It decides the format of the answer.
    enum Source: Sendable, Equatable {
        /// An HTTP API or a function URL, with payload version 2.0.
        case httpAPI
        /// A REST API, or an HTTP API with payload version 1.0.
        case restAPI
        /// A load balancer. Its target group's setting decides whether headers may have several values.
        case loadBalancer(hasMultiValueHeaders: Bool)
    }

    /// An event that is not a readable HTTP request. The description helps to find the wrong configuration, and
    /// contains nothing of the event.
    struct Unreadable: Error, Equatable, CustomStringConvertible {
        let description: String

        static let notJSON = Unreadable(description: "the event is not JSON")
        static let notHTTP = Unreadable(
            description: "the event is not a request from an HTTP API, function URL, REST API or load balancer")
        static let notBase64 = Unreadable(description: "the event's body is marked as base64, but is not valid base64")
    }

    let source: Source
    let request: Request

    /// Reads an event.
    /// - Parameter isRoute: whether a path has a route. If it does not, a leading stage name is removed from the path.
    /// - Throws: ``Unreadable`` if the event is not JSON, not an HTTP request, or has an invalid base64 body.
    init(parsing bytes: [UInt8], isRoute: (String) -> Bool) throws(Unreadable) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes, maximumDepth: 64)
        } catch {
            throw .notJSON
        }
        guard case .object(let event) = json else { throw .notHTTP }
        let context = event.object("requestContext")
        if let http = context?.object("http"), event.string("version") == "2.0" {
            source = .httpAPI
            let path = event.string("rawPath") ?? http.string("path")
            request = try Request(http, path: path?.withoutStage(of: context, isRoute), of: event)
        } else if let method = event.string("httpMethod"), let path = event.string("path") {
            let isFromLoadBalancer = context?.object("elb") != nil
            source =
                isFromLoadBalancer
                ? .loadBalancer(hasMultiValueHeaders: event.object("multiValueHeaders") != nil) : .restAPI
            let peer = context?.object("identity")?.string("sourceIp")
            request = try Request(
                method: method, path: path.withoutStage(of: context, isRoute), of: event, peer: peer,
                isFromLoadBalancer: isFromLoadBalancer)
        } else {
            throw .notHTTP
        }
    }
}

extension Request {
    /// A request with payload version 2.0.
    fileprivate init(_ http: JSONObject, path: String?, of event: JSONObject) throws(LambdaEvent.Unreadable) {
        guard let method = http.string("method"), let path else { throw .notHTTP }
        var fields = RequestFields()
        // AWS has already joined repeated fields by commas.
        for (name, value) in event.object("headers")?.strings ?? [] { fields.append(name, value) }
        self.init(
            method: Method(method), path: path, query: event.string("rawQueryString") ?? "", fields: fields,
            body: try event.body(), peer: http.string("sourceIp").flatMap { IPAddress(parsing: $0) })
    }

    /// A request with payload version 1.0, or from a load balancer.
    /// - Parameters:
    ///   - peer: the peer's IP address in the event. A load balancer's events have none: there, the peer is the last
    ///     entry of `X-Forwarded-For`, which the load balancer added.
    ///   - isFromLoadBalancer: whether a load balancer sent the event. Its query parameters are still percent-encoded.
    fileprivate init(
        method: String, path: String, of event: JSONObject, peer: String?, isFromLoadBalancer: Bool
    ) throws(LambdaEvent.Unreadable) {
        var fields = RequestFields()
        for (name, value) in event.values("multiValueHeaders", else: "headers") { fields.append(name, value) }
        let query = event.values("multiValueQueryStringParameters", else: "queryStringParameters").map { name, value in
            isFromLoadBalancer ? "\(name)=\(value)" : "\(percentEncoded(name))=\(percentEncoded(value))"
        }
        let lastHop = fields.forwardedFor?.split(separator: ",").last?.trimmingWhitespace()
        let peerText = isFromLoadBalancer ? lastHop : peer?[...]
        self.init(
            method: Method(method), path: path, query: query.joined(separator: "&"), fields: fields,
            body: try event.body(), peer: peerText.flatMap { IPAddress(parsing: $0) })
    }
}

extension JSONObject {
    fileprivate func object(_ name: String) -> JSONObject? {
        if case .object(let object)? = self[name] { object } else { nil }
    }

    fileprivate func string(_ name: String) -> String? {
        if case .string(let string)? = self[name] { string } else { nil }
    }

    /// The members that are strings.
    fileprivate var strings: [(String, String)] {
        members.compactMap { member in if case .string(let text) = member.value { (member.name, text) } else { nil } }
    }

    /// The names and values in the object `several`, whose members are arrays of strings. If it is missing, those in
    /// the object `one`, whose members are strings.
    fileprivate func values(_ several: String, else one: String) -> [(String, String)] {
        guard let lists = object(several) else { return object(one)?.strings ?? [] }
        return lists.members.flatMap { member -> [(String, String)] in
            guard case .array(let values) = member.value else { return [] }
            return values.compactMap { if case .string(let text) = $0 { (member.name, text) } else { nil } }
        }
    }

    /// The event's body as bytes; empty if it has none.
    /// - Throws: ``LambdaEvent/Unreadable/notBase64`` if the body is marked as base64 but is not.
    fileprivate func body() throws(LambdaEvent.Unreadable) -> [UInt8] {
        guard let text = string("body"), !text.isEmpty else { return [] }
        guard self["isBase64Encoded"] == .boolean(true) else { return Array(text.utf8) }
        guard let decoded = bytes(base64: text) else { throw .notBase64 }
        return decoded
    }
}

extension String {
    /// The path without the stage's name, with which it starts if the API has no custom domain.
    fileprivate func withoutStage(of context: JSONObject?, _ isRoute: (String) -> Bool) -> String {
        guard let stage = context?.string("stage"), stage != "$default", !isRoute(self), hasPrefix("/\(stage)/") else {
            return self
        }
        return String(dropFirst(stage.count + 1))
    }
}

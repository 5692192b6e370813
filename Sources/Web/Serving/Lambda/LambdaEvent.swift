import Bytes
import Net
import Web

/// A request as AWS Lambda gives it: the event of an HTTP API or function URL, of a REST API, or of an Application Load
/// Balancer (docs.aws.amazon.com/lambda, "Using AWS Lambda with other services").
struct LambdaEvent: Sendable {
    /// What the event came from, which its answer is written for.
    enum Source: Sendable, Equatable {
        /// An HTTP API or a function URL, with the payload's version 2.0.
        case httpAPI
        /// A REST API, or an HTTP API with the payload's version 1.0.
        case restAPI
        /// A load balancer. Its target group says whether a header may have several values.
        case loadBalancer(hasMultiValueHeaders: Bool)
    }

    /// Why an event is not answered as a request: a sentence for who looks for what is wired up wrongly. It holds
    /// nothing of the event.
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
    /// - Parameter isRoute: whether a path leads anywhere. A stage's name that may stand before it is taken away where
    ///   it does not.
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
    /// A request of the payload's version 2.0.
    fileprivate init(_ http: JSONObject, path: String?, of event: JSONObject) throws(LambdaEvent.Unreadable) {
        guard let method = http.string("method"), let path else { throw .notHTTP }
        var fields = RequestFields()
        // Several lines of one name are joined by commas already.
        for (name, value) in event.object("headers")?.strings ?? [] { fields.append(name, value) }
        self.init(
            method: Method(method), path: path, query: event.string("rawQueryString") ?? "", fields: fields,
            body: try event.body(), peer: http.string("sourceIp").flatMap { IPAddress(parsing: $0) })
    }

    /// A request of the payload's version 1.0, or of a load balancer.
    /// - Parameters:
    ///   - peer: who is at the other end, as the event says. Of a load balancer only its own entry does, at the end of
    ///     `X-Forwarded-For`.
    ///   - isFromLoadBalancer: whether it is a load balancer's. Of these, queries stand in the event with their escapes.
    fileprivate init(
        method: String, path: String, of event: JSONObject, peer: String?, isFromLoadBalancer: Bool
    ) throws(LambdaEvent.Unreadable) {
        var fields = RequestFields()
        for (name, value) in event.values("multiValueHeaders", else: "headers") { fields.append(name, value) }
        let query = event.values("multiValueQueryStringParameters", else: "queryStringParameters").map { name, value in
            isFromLoadBalancer ? "\(name)=\(value)" : "\(percentEncoded(name))=\(percentEncoded(value))"
        }
        let lastHop = fields.forwardedFor?.split(separator: ",").last?.trimmingBlanks()
        let asker = isFromLoadBalancer ? lastHop : peer?[...]
        self.init(
            method: Method(method), path: path, query: query.joined(separator: "&"), fields: fields,
            body: try event.body(), peer: asker.flatMap { IPAddress(parsing: $0) })
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

    /// The names and values of a member whose members are arrays of strings; where it is missing, of another one whose
    /// members are strings.
    fileprivate func values(_ several: String, else one: String) -> [(String, String)] {
        guard let lists = object(several) else { return object(one)?.strings ?? [] }
        return lists.members.flatMap { member -> [(String, String)] in
            guard case .array(let values) = member.value else { return [] }
            return values.compactMap { if case .string(let text) = $0 { (member.name, text) } else { nil } }
        }
    }

    /// The event's body as bytes; none where there is none.
    fileprivate func body() throws(LambdaEvent.Unreadable) -> [UInt8] {
        guard let text = string("body"), !text.isEmpty else { return [] }
        guard self["isBase64Encoded"] == .boolean(true) else { return Array(text.utf8) }
        guard let decoded = bytes(base64: text) else { throw .notBase64 }
        return decoded
    }
}

extension String {
    /// The path without the stage's name, which stands before it where the API has no domain of its own.
    fileprivate func withoutStage(of context: JSONObject?, _ isRoute: (String) -> Bool) -> String {
        guard let stage = context?.string("stage"), stage != "$default", !isRoute(self), hasPrefix("/\(stage)/") else {
            return self
        }
        return String(dropFirst(stage.count + 1))
    }
}

import Foundation

/// An HTTP request, from which the event of each trigger of AWS Lambda is made.
package struct LambdaRequest: Sendable {
    package var method: String
    /// The path without a stage.
    package var path: String
    /// The query as in the URL; empty if there is none.
    package var query: String
    /// The lines of the header, in order.
    package var fields: [(name: String, value: String)]
    package var cookies: [String] = []
    /// The body; `nil` if there is none, which some triggers distinguish from an empty one.
    package var body: [UInt8]?
    /// Whether the event contains the body as base64.
    package var isBase64Encoded = false
    /// The client's IP address in the event, with or without a port.
    package var client = "203.0.113.7"

    package init(
        _ method: String, _ path: String, query: String = "", fields: [(name: String, value: String)] = [],
        body: String? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body.map { Array($0.utf8) }
    }

    /// A sign-in request, as a browser at `https://example.com` sends it.
    package static func signIn(_ body: String = #"{"email":"ada@example.com"}"#) -> LambdaRequest {
        LambdaRequest(
            "POST", "/auth/send-magic-link",
            fields: [("Origin", "https://example.com"), ("Content-Type", "application/json")], body: body)
    }

    /// A copy of the request with a change.
    package func with(_ change: (inout LambdaRequest) -> Void) -> LambdaRequest {
        var request = self
        change(&request)
        return request
    }

    /// The request's event, as a trigger sends it.
    /// - Parameters:
    ///   - shape: the trigger.
    ///   - change: changes the event's object before it is serialized.
    package func event(as shape: LambdaShape, _ change: (inout [String: Any]) -> Void = { _ in }) -> [UInt8] {
        var event = shape.object(for: self)
        change(&event)
        return LambdaEvents.json(event)
    }
}

extension LambdaRequest {
    /// The lines of the header in an event: the client's, and those that the trigger adds.
    /// - Parameters:
    ///   - host: the value of `Host`.
    ///   - forwardedFor: the value of `X-Forwarded-For`, including the client's entries.
    func lines(host: String, forwardedFor: String) -> [(name: String, value: String)] {
        let own: [(name: String, value: String)] = [
            ("Accept", "*/*"), ("Host", host), ("User-Agent", "test/1.0"),
            ("X-Amzn-Trace-Id", "Root=1-6921a5f0-3c1b7e5d90a2f4468b1d0c37"), ("X-Forwarded-For", forwardedFor),
            ("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https"),
        ]
        return fields.filter { $0.name.lowercased() != "x-forwarded-for" } + own
    }

    /// The value of `X-Forwarded-For`: the client's entries, and the hops that were added to them.
    func forwardedFor(adding hops: String...) -> String {
        let given = fields.filter { $0.name.lowercased() == "x-forwarded-for" }.map { $0.value }
        return (given + hops).joined(separator: ", ")
    }

    /// The body as it is in the event: a string, or `null`.
    var bodyText: Any {
        guard let body else { return NSNull() }
        return isBase64Encoded ? Data(body).base64EncodedString() : String(decoding: body, as: UTF8.self)
    }

    /// The parameters of the query by name, percent-decoded or not.
    func parameters(isDecoded: Bool) -> [String: [String]] {
        var parameters: [String: [String]] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { part in
                isDecoded ? part.replacing("+", with: " ").removingPercentEncoding ?? "" : String(part)
            }
            parameters[parts[0], default: []].append(parts.count == 2 ? parts[1] : "")
        }
        return parameters
    }
}

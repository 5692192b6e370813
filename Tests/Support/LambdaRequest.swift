import Foundation

/// An HTTP request, which the triggers of AWS Lambda tell a function of, each in a shape of its own.
package struct LambdaRequest: Sendable {
    package var method: String
    /// Without a stage.
    package var path: String
    /// As it stands in the URL; empty for none.
    package var query: String
    /// The lines of the header, in the order of their coming.
    package var fields: [(name: String, value: String)]
    package var cookies: [String] = []
    /// `nil` for none, which is not the same as an empty one to every trigger.
    package var body: [UInt8]?
    /// Whether the event holds the body as base64.
    package var isBase64Encoded = false
    /// Who asks, as the trigger tells it: an address, with or without a port.
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

    /// The request with something changed.
    package func with(_ change: (inout LambdaRequest) -> Void) -> LambdaRequest {
        var request = self
        change(&request)
        return request
    }

    /// The event that a trigger makes of the request.
    /// - Parameter change: changes the event's object before it is written.
    package func event(as shape: LambdaShape, _ change: (inout [String: Any]) -> Void = { _ in }) -> [UInt8] {
        var event = shape.object(for: self)
        change(&event)
        return LambdaEvents.json(event)
    }
}

extension LambdaRequest {
    /// The lines of the header as a trigger has them: the client's, and its own.
    /// - Parameter forwardedFor: what `X-Forwarded-For` says, whatever the client says there included.
    func lines(host: String, forwardedFor: String) -> [(name: String, value: String)] {
        let own: [(name: String, value: String)] = [
            ("Accept", "*/*"), ("Host", host), ("User-Agent", "test/1.0"),
            ("X-Amzn-Trace-Id", "Root=1-6921a5f0-3c1b7e5d90a2f4468b1d0c37"), ("X-Forwarded-For", forwardedFor),
            ("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https"),
        ]
        return fields.filter { $0.name.lowercased() != "x-forwarded-for" } + own
    }

    /// What the client says of `X-Forwarded-For`, and the hops that were added to it.
    func forwardedFor(adding hops: String...) -> String {
        let given = fields.filter { $0.name.lowercased() == "x-forwarded-for" }.map { $0.value }
        return (given + hops).joined(separator: ", ")
    }

    /// The body as text of the event, or `null`.
    var bodyText: Any {
        guard let body else { return NSNull() }
        return isBase64Encoded ? Data(body).base64EncodedString() : String(decoding: body, as: UTF8.self)
    }

    /// The parameters of the query by name, as they stand there or decoded.
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

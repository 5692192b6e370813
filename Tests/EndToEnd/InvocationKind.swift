import TestSupport

/// A kind of invocation: an event, and its expected outcome.
struct InvocationKind: Sendable {
    let name: String
    let event: [UInt8]
    /// The number of script calls that it makes in Redis.
    var scriptCalls = 0
    /// The expected answer; `nil` if the event is not an HTTP request, for which an error is expected.
    fileprivate var expected: Expected?

    /// An expected answer.
    fileprivate struct Expected: Sendable {
        var shape = LambdaShape.httpAPI
        var status = 200
        /// The `code` of an error.
        var code: String?
        /// The whole body; `nil` if it is not checked.
        var text: String?
        /// Further header fields.
        var fields: [String: String] = [:]
        var isReadableByOrigin = true
    }

    /// A description of the first fault in the outcome of an invocation; `nil` if there is none.
    func fault(of outcome: RuntimeAPIServer.Outcome, requestID: String) -> String? {
        guard let expected else { return outcome.isUnreadable ? nil : "\(outcome)" }
        let answer: LambdaAnswer
        do { answer = try LambdaAnswer(outcome) } catch { return "\(error)" }
        if let fault = answer.fault(as: expected.shape) { return fault }
        if answer.status != expected.status { return "\(answer.status): \(answer.text.prefix(200))" }
        if answer.code != expected.code { return "the code \(answer.code ?? "none")" }
        if let text = expected.text, answer.text != text { return "the body \(answer.text.prefix(200))" }
        let origin = expected.isReadableByOrigin ? "https://example.com" : nil
        if answer["Access-Control-Allow-Origin"] != origin { return "another allowed origin" }
        let fields = ["X-Request-Id": requestID].merging(expected.fields) { _, own in own }
        for (name, value) in fields where answer[name] != value { return "\(name): \(answer[name] ?? "none")" }
        return nil
    }

    /// The settings that the handler needs for these kinds.
    static let settings = [
        "POSTERN_IP_LIMIT": "1000000/1d", "POSTERN_VERIFY_LIMIT": "off",
        "POSTERN_LANDING_URL": "https://sign-in.example.com",
    ]

    /// Every request in every shape, and every event that is not an HTTP request.
    static let all: [InvocationKind] =
        LambdaShape.allCases.flatMap { kinds(as: $0) }
        + LambdaEvents.foreign.map { InvocationKind(name: $0.name, event: $0.event) }

    private static func kinds(as shape: LambdaShape) -> [InvocationKind] {
        requests.map { request in
            var expected = request.expected
            expected.shape = shape
            return InvocationKind(
                name: "\(request.name) as \(shape)", event: request.request.event(as: shape),
                scriptCalls: request.scriptCalls, expected: expected)
        }
    }
}

// MARK: - Requests

extension InvocationKind {
    /// A request, independent of the event's shape.
    private struct Request {
        let name: String
        let request: LambdaRequest
        var scriptCalls = 0
        let expected: Expected
    }

    /// A token that was never issued: the bytes 0 to 31.
    static let unknownToken = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    private static let origin = (name: "Origin", value: "https://example.com")
    private static let json = (name: "Content-Type", value: "application/json")

    private static let requests: [Request] = signIns + refused + others

    private static let signIns: [Request] = {
        let accepted = Expected(
            text: #"{"ok":true}"#, fields: ["RateLimit-Policy": #""ip";q=1000000;w=86400"#])
        let inBase64 = LambdaRequest.signIn().with { $0.isBase64Encoded = true }
        let named = LambdaRequest.signIn().with { request in
            request.fields.append((name: "X-Request-Id", value: "caller-1"))
            request.cookies = ["theme=dark", "consent=yes"]
        }
        var asNamed = accepted
        asNamed.fields["X-Request-Id"] = "caller-1"
        return [
            Request(name: "a sign-in", request: .signIn(), scriptCalls: 1, expected: accepted),
            Request(name: "a sign-in in base64", request: inBase64, scriptCalls: 1, expected: accepted),
            Request(name: "a sign-in with request id and cookies", request: named, scriptCalls: 1, expected: asNamed),
        ]
    }()

    private static let refused: [Request] = {
        let foreign = LambdaRequest.signIn().with { $0.fields[0].value = "https://evil.example" }
        return [
            Request(
                name: "an invalid address", request: .signIn(#"{"email":"ada@"}"#),
                expected: Expected(status: 400, code: "validation_error")),
            Request(
                name: "invalid JSON", request: .signIn("{"), expected: Expected(status: 400, code: "invalid_json")),
            Request(
                name: "another site's request", request: foreign,
                expected: Expected(status: 400, code: "origin_not_allowed", isReadableByOrigin: false)),
            Request(
                name: "an unknown path", request: LambdaRequest("GET", "/nowhere", fields: [origin]),
                expected: Expected(status: 404, code: "not_found")),
            Request(
                name: "a wrong method", request: LambdaRequest("GET", "/auth/send-magic-link", fields: [origin]),
                expected: Expected(status: 405, code: "method_not_allowed", fields: ["Allow": "POST, OPTIONS"])),
        ]
    }()

    private static let others: [Request] = [
        Request(
            name: "a preflight", request: LambdaRequest("OPTIONS", "/auth/send-magic-link", fields: [origin]),
            expected: Expected(status: 204, text: "", fields: ["Allow": "POST, OPTIONS"])),
        Request(
            name: "a probe by HEAD", request: LambdaRequest("HEAD", "/healthz", fields: [origin]),
            expected: Expected(text: "", fields: ["Content-Type": "application/json"])),
        Request(
            name: "a probe", request: LambdaRequest("GET", "/healthz", fields: [origin]),
            expected: Expected(text: #"{"ok":true}"#)),
        Request(
            name: "an unknown link",
            request: LambdaRequest("GET", "/auth/open", query: "token=\(unknownToken)", fields: [origin]),
            scriptCalls: 1, expected: Expected(status: 410, fields: ["Content-Type": "text/html; charset=utf-8"])),
        Request(
            name: "an unknown token",
            request: LambdaRequest(
                "POST", "/auth/verify-magic-link", fields: [origin, json], body: #"{"token":"\#(unknownToken)"}"#),
            scriptCalls: 1, expected: Expected(status: 400, code: "token_invalid")),
    ]
}

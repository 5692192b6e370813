import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(1)))
struct PipeliningTests {
    /// Requests of all kinds, each with its number as its id, and the expected statuses.
    private func mixed(_ count: Int) -> (text: String, statuses: [Int]) {
        var text = ""
        var statuses: [Int] = []
        for number in 0..<count {
            let name = "X-Request-Id: \(number)"
            let (request, status): (String, Int) =
                switch number % 8 {
                case 0: (signInRequest(validBody, name), 200)
                case 1: (getRequest("/healthz", name), 200)
                case 2: (signInRequest("{", name), 400)
                case 3: (getRequest("/readyz", name), 200)
                case 4: (getRequest("/nothing", name), 404)
                case 5: (signInHead("Transfer-Encoding: chunked", name) + chunk(validBody) + "0\r\n\r\n", 200)
                case 6: (getRequest("/auth/send-magic-link", name), 405)
                default: (signInRequest(#"{"email":"nobody"}"#, name), 400)
                }
            text += request
            statuses.append(status)
        }
        return (text, statuses)
    }

    @Test("20 requests of all kinds in one write are answered in order")
    func inOrder() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(redis: redis))
        let (text, statuses) = mixed(20)
        try await client.send(text)
        let responses = try await client.responses(20)
        #expect(responses.map(\.status) == statuses)
        #expect(responses.map { $0["X-Request-Id"] ?? "" } == (0..<20).map { "\($0)" })
        #expect(responses.allSatisfy { $0["Connection"] == nil })
        // The connection still works.
        #expect(try await client.ask(getRequest("/healthz")).status == 200)
    }

    @Test("400 requests, written in pieces of various sizes, are answered in order")
    func inPieces() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(redis: redis))
        let (text, statuses) = mixed(400)
        let bytes = Array(text.utf8)
        async let answers = client.responses(400)
        var start = 0
        var size = 1
        while start < bytes.count {
            let end = min(start + size, bytes.count)
            try await client.send(bytes: Array(bytes[start..<end]))
            start = end
            size = size * 7 % 4093
        }
        let responses = try await answers
        #expect(responses.map(\.status) == statuses)
        #expect(responses.map { $0["X-Request-Id"] ?? "" } == (0..<400).map { "\($0)" })
    }

    @Test("requests before a malformed one are answered, and the connection closes after it")
    func malformedLast() async throws {
        let client = try await Client(LiveServer())
        try await client.send(String(repeating: getRequest("/healthz"), count: 3) + "nonsense\r\n\r\n")
        for _ in 0..<3 { #expect(try await client.response().status == 200) }
        expectRefusal(try await client.response(), 400, "bad_request")
        #expect(try await client.rest().isEmpty)
    }

    @Test("requests before one that is too large are answered, and the connection closes after it")
    func tooLargeLast() async throws {
        let redis = try await RedisServer()
        let client = try await Client(LiveServer(redis: redis))
        try await client.send(
            signInRequest(validBody) + getRequest("/readyz") + signInHead("Content-Length: 16385")
                + getRequest("/healthz"))
        #expect(try await client.response().status == 200)
        #expect(try await client.response().status == 200)
        expectRefusal(try await client.response(), 413, "payload_too_large")
        #expect(try await client.rest().isEmpty)
    }

    @Test("connections do not wait for each other")
    func sideBySide() async throws {
        let redis = try await RedisServer()
        let server = try await LiveServer(redis: redis)
        let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let client = try await Client(server)
                    try await client.send(String(repeating: signInRequest(validBody), count: 25))
                    return try await client.responses(25).map(\.status)
                }
            }
            return try await group.reduce(into: [Int]()) { all, some in all += some }
        }
        #expect(statuses == [Int](repeating: 200, count: 400))
    }
}

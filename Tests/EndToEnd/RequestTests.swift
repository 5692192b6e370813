import Bytes
import Cryptography
import Foundation
import MailQueue
import SignIn
import Testing
import TestSupport

@Suite
struct RequestTests {
    @Test("an accepted request queues one job, whose link contains the token of the stored record")
    func accepted() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        let response = try handler.signIn(
            #"{"email":"Ada@Example.com","callback_origin":"https://example.com","callback_next":"/invoices?page=2"}"#)
        #expect(response.status == 200)
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"ok":true}"#)
        #expect(response["RateLimit"] == #""ip";r=9;t=60"#)
        #expect(response["RateLimit-Policy"] == #""ip";q=10;w=600"#)
        #expect(response["Access-Control-Allow-Origin"] == "https://example.com")

        let job = try await openedJob(redis)
        #expect(job["to"] == .array([.string("ada@example.com")]))
        guard case .object(let template)? = job["template"], case .object(let secrets)? = template["secrets"] else {
            Issue.record("there is no template")
            return
        }
        #expect(template["name"] == .string("sign-in"))
        #expect(
            template["values"] == .object(["portal": .string("example.com"), "newestOnly": .boolean(true)]))
        guard case .string(let link)? = secrets["link"] else {
            Issue.record("there is no link")
            return
        }
        let start = "https://example.com/auth/callback?token="
        #expect(link.hasPrefix(start))
        #expect(link.hasSuffix("&next=%2Finvoices%3Fpage%3D2"))
        let text = String(link.dropFirst(start.count).prefix { $0 != "&" })
        #expect(try redis.command("EXISTS", linksKey(of: text)) == "1")
    }

    @Test("100,000 accepted requests make exactly 100,000 script calls, and invalid requests none")
    func oneCallEach() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(
            redis: redis.address, ["POSTERN_IP_LIMIT": "1000000/1d", "POSTERN_RECIPIENT_LIMIT": "off"])
        let loads = try redis.callCount(of: "script|load")
        let refused = try handler.flood(requests: 20_000, body: #"{"email":"ada@"}"#)
        #expect(refused == 20_000)
        #expect(try redis.callCount(of: "evalsha") == 0)
        #expect(try handler.flood(requests: 100_000) == 0)
        #expect(try redis.callCount(of: "evalsha") == 100_000)
        #expect(try redis.callCount(of: "eval") == 0)
        #expect(try redis.callCount(of: "script|load") == loads)
        #expect(try redis.command("XLEN", "postern:mail") == "100000")
    }

    @Test("with a burst of 10 and a rate of 10 a second, 38 to 40 requests of 64 connections are admitted in 3 seconds")
    func blackBoxLimit() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(
            redis: redis.address, ["POSTERN_IP_LIMIT": "10/1s", "POSTERN_RECIPIENT_LIMIT": "off"])
        let connections = try (0..<64).map { _ in try RawHTTP(port: handler.port) }
        let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
            let end = ContinuousClock.now + .seconds(3)
            for connection in connections {
                group.addTask { try await onOwnThread { try flood(connection, until: end) } }
            }
            return try await group.reduce(0, +)
        }
        #expect((38...40).contains(admitted))
        #expect(try redis.command("XLEN", "postern:mail") == "\(admitted)")
    }

    // MARK: -

    /// Sends requests over one connection until the end, and returns the number of admitted ones.
    private func flood(_ connection: RawHTTP, until end: ContinuousClock.Instant) throws -> Int {
        let body = #"{"email":"ada@example.com"}"#
        var admitted = 0
        while ContinuousClock.now < end {
            try connection.send(
                "POST /auth/send-magic-link HTTP/1.1\r\nHost: postern\r\nOrigin: https://example.com\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            let response = try connection.readResponse()
            if response.status == 200 { admitted += 1 } else { try #require(response.status == 429) }
        }
        return admitted
    }

    /// The newest job, opened with the deployment's key, as by a worker.
    private func openedJob(_ redis: RedisServer) async throws -> JSONObject {
        let id = try redis.command("--raw", "XREVRANGE", "postern:mail", "+", "-", "COUNT", "1")
            .split(separator: "\n")[4]
        // redis-cli cannot return one field of an entry, nor arbitrary bytes, so a script returns it in hexadecimal.
        let hex = try redis.command(
            "EVAL",
            "local f = redis.call('XREVRANGE', 'postern:mail', '+', '-', 'COUNT', 1)[1][2][8]; "
                + "return (f:gsub('.', function(c) return string.format('%02x', string.byte(c)) end))", "0")
        let digits = Array(hex.filter(\.isHexDigit))
        let box = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        let keys = KeyRing(
            [.init(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))], purpose: MailJob.sealingPurpose)
        let plaintext = try keys.open(box, keyID: "k1", authenticating: Array(id.utf8))
        guard case .object(let job) = try JSONValue(parsing: plaintext.withUnsafeBytes(Array.init)) else { return [:] }
        return job
    }
}

import Foundation
import Testing
import TestSupport

/// The release build of `postern-api`, started by `bootstrap api`.
@Suite
struct APITests {
    private static let body =
        #"{"email":"ada@example.com","callback_origin":"https://example.com","send":false,"purpose":"invite"}"#

    private static func api(_ redis: RedisServer, _ settings: [String: String] = [:]) async throws -> Handler {
        try await Handler(redis: redis.address, settings, arguments: ["api"])
    }

    private static func newKey(_ redis: RedisServer, scopes: String = "links:write") async throws -> String {
        let new = try await CommandLineTool.run(
            "api-keys", "new", "--name", "test", "--scopes", scopes,
            environment: ["REDIS_URL": redis.address, "POSTERN_SECRET_KEYS": Handler.secretKey])
        return String(try #require(new.output.split(separator: "\n").first { $0.hasPrefix("pk_") }))
    }

    private static func issue(_ api: Handler, _ key: String, base: String = "") throws -> RawResponse {
        try api.post(
            body, to: base + "/v1/sign-in-links",
            fields: "Authorization: Bearer \(key)\r\nContent-Type: application/json\r\n")
    }

    private static func member(_ name: String, _ body: [UInt8]) throws -> String? {
        (try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])?[name] as? String
    }

    @Test("a link of the API signs in at the handler, with the purpose; keys in Redis and in the settings work")
    func link() async throws {
        let redis = try await RedisServer()
        let stored = try await APITests.newKey(redis)
        let configured = "pk_" + String(repeating: "A", count: 43)
        let digest = try ChildProcess.output("sh", ["-c", "printf %s \(configured) | sha256sum | cut -c1-64"])
        let entry = "ci/links:write/" + String(decoding: digest, as: UTF8.self).filter { !$0.isNewline }
        let api = try await APITests.api(redis, ["POSTERN_API_KEYS": entry, "POSTERN_BASE_PATH": "/trusted"])
        let handler = try await Handler(redis: redis.address)
        for key in [stored, configured] {
            let response = try APITests.issue(api, key, base: "/trusted")
            #expect(response.status == 200)
            let link = try #require(try APITests.member("link", response.body))
            let start = "https://example.com/auth/callback?token="
            try #require(link.hasPrefix(start))
            let verified = try handler.post(
                #"{"token":"\#(link.dropFirst(start.count))"}"#, to: "/auth/verify-magic-link",
                fields: "Content-Type: application/json\r\n")
            #expect(verified.status == 200)
            #expect(try APITests.member("email", verified.body) == "ada@example.com")
            #expect(try APITests.member("purpose", verified.body) == "invite")
        }
        #expect(try api.get("/trusted/docs").status == 200)
        #expect(try handler.post("{}", to: "/v1/sign-in-links", fields: "").status == 404)
        api.process.signal(SIGTERM)
        #expect(try await api.process.waitForExit() == 0)
    }

    @Test("after postern api-keys revoke has returned, no process accepts the key")
    func revocation() async throws {
        let redis = try await RedisServer()
        let processes = [try await APITests.api(redis), try await APITests.api(redis)]
        let key = try await APITests.newKey(redis)
        for api in processes { #expect(try APITests.issue(api, key).status == 200) }
        let isRevoked = Mutexed(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<64 {
                group.addTask {
                    // Each caller goes on until it is refused.
                    while true {
                        let began = isRevoked.value
                        let status = try await onOwnThread {
                            try APITests.issue(processes[number % 2], key).status
                        }
                        if began { #expect(status != 200) }
                        guard status == 200 else { return }
                    }
                }
            }
            group.addTask {
                let revoked = try await CommandLineTool.run(
                    "api-keys", "revoke", key,
                    environment: ["REDIS_URL": redis.address, "POSTERN_SECRET_KEYS": Handler.secretKey])
                #expect(revoked.status == 0)
                isRevoked.value = true
            }
            try await group.waitForAll()
        }
    }

    @Test("events of AWS Lambda are answered like requests", arguments: LambdaShape.allCases)
    func lambda(_ shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let key = try await APITests.newKey(redis)
        let function = try await LambdaHandler(redis: redis.address, arguments: ["api"])
        let fields = [("Authorization", "Bearer \(key)"), ("Content-Type", "application/json")]
        let request = LambdaRequest("POST", "/v1/sign-in-links", fields: fields, body: APITests.body)
        let answer = try await function.answer(to: request, as: shape)
        #expect(answer.status == 200)
        #expect(try APITests.member("link", answer.body)?.hasPrefix("https://example.com/") == true)
        let refused = try await function.answer(to: request.with { $0.fields.removeFirst() }, as: shape)
        #expect(refused.status == 401)
    }

    static let wrong = [
        ("POSTERN_API_KEYS", "ci/links:write/abc"), ("POSTERN_API_KEYS", "nothing"),
        ("POSTERN_API_KEY_LIMIT", "many"), ("POSTERN_API_AUTH_LIMIT", "0/1m"), ("POSTERN_ALLOWED_ORIGINS", "x"),
    ]

    @Test("a wrong setting ends the start with a line that names it", arguments: APITests.wrong)
    func settings(name: String, value: String) async throws {
        let redis = try await RedisServer()
        let api = try await APITests.api(redis, [name: value])
        #expect(try await api.process.waitForExit() == 78)
        #expect(api.process.log.hasPrefix("postern-api: \(name) "), "\(api.process.log)")
    }

    @Test("the API serves metrics of requests, keys and links, in a form that promtool accepts")
    func metrics() async throws {
        let port = try freePort()
        let redis = try await RedisServer()
        let api = try await APITests.api(redis, ["POSTERN_METRICS": "\(port)"])
        let key = try await APITests.newKey(redis, scopes: "links:write")
        #expect(try APITests.issue(api, key).status == 200)
        #expect(try APITests.issue(api, "pk_no").status == 401)
        let connection = try RawHTTP(port: port)
        try connection.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let text = String(decoding: try connection.readResponse().body, as: UTF8.self)
        for line in [
            "postern_links_issued_total{purpose=\"invite\"} 1", "postern_api_keys_accepted_total 1",
            "postern_api_keys_refused_total{reason=\"malformed\"} 1",
            "postern_http_requests_total{route=\"/v1/sign-in-links\",status=\"200\"} 1",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }
}

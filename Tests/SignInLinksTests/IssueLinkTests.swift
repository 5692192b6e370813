import Foundation
import MailQueue
import Net
import Platform
import Redis
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct IssueLinkTests {
    @Test("a link that is not mailed is in the answer, works once, and returns purpose and claims")
    func answered() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let claims = #"{"team":"red","seats":3,"tags":["a",null,true,0.5],"z":{"b":1,"a":2}}"#
        let answer = await harness.issue(
            #","send":false,"purpose":"invite","callback_next":"/welcome","claims":\#(claims)"#)
        #expect(answer.status == 200)
        #expect(answer.names == ["ok", "id", "expires_at", "link", "code", "request_id"])
        #expect(answer["link"]?.hasPrefix("https://sign-in.example/auth/open?token=") == true)
        #expect(try await harness.jobs().isEmpty)

        // The mailed token cannot be used at the portal after the button of the confirmation page was pressed.
        let exchanged = await harness.page(of: answer.token, pressing: "token=\(answer.token)").redirectedToken
        let verified = await harness.post("/auth/verify-magic-link", #"{"token":"\#(exchanged)"}"#)
        #expect(verified.status == 200)
        #expect(verified["email"] == "ada@example.com")
        #expect(verified["callback_next"] == "/welcome")
        #expect(verified["purpose"] == "invite")
        #expect(verified.text.contains(#""claims":\#(claims)"#))
        let assertion = try verified.assertion()
        #expect(assertion["purpose"] as? String == "invite")
        #expect(assertion["sub"] as? String == "ada@example.com")
        #expect(assertion["jti"] as? String == answer["id"])
        let told = try #require(assertion["claims"] as? [String: Any])
        #expect(told["team"] as? String == "red")
        #expect(await harness.post("/auth/verify-magic-link", #"{"token":"\#(exchanged)"}"#).status == 400)
    }

    @Test("the code in the answer signs in together with its handle, and then the link does not work")
    func code() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let answer = await harness.issue(#","send":false,"purpose":"verify_email""#)
        let (code, handle) = (try #require(answer["code"]), try #require(answer["request_id"]))
        let verified = await harness.post("/auth/verify-code", #"{"request_id":"\#(handle)","code":"\#(code)"}"#)
        #expect(verified.status == 200)
        #expect(verified["purpose"] == "verify_email")
        #expect(await harness.post("/auth/verify-magic-link", #"{"token":"\#(answer.token)"}"#).status == 400)
    }

    @Test("a code is given only with links of up to an hour")
    func longLink() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server, ["POSTERN_LINK_LIFETIME": "2h"])
        #expect(await harness.issue(#","send":false,"lifetime":"60m""#).names.contains("code"))
        let long = await harness.issue(#","send":false,"lifetime":"61m""#)
        #expect(long.names == ["ok", "id", "expires_at", "link"])
    }

    @Test("a link that is mailed is in a job, and not in the answer", arguments: LinkPurpose.allCases)
    func mailed(_ purpose: LinkPurpose) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let answer = await harness.issue(#","purpose":"\#(purpose.rawValue)""#, acceptLanguage: "pt-BR")
        #expect(answer.status == 200)
        #expect(answer.names == ["ok", "id", "expires_at"])
        let jobs = try await harness.jobs()
        #expect(jobs.count == 1)
        #expect(jobs.first?.id == answer["id"])
    }

    static let lifetimes: [(String?, Int)] = [
        (nil, 900), ("1m", 60), ("90m", 5400), ("7d", 604_800), ("168h", 604_800), ("60000ms", 60),
    ]

    @Test("a link works for a minute to a week", arguments: IssueLinkTests.lifetimes)
    func lifetime(_ text: String?, seconds: Int) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let before = Date.now
        let answer = await harness.issue(#","send":false"# + (text.map { #","lifetime":"\#($0)""# } ?? ""))
        let strategy = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let end = try Date(answer["expires_at"] ?? "", strategy: strategy)
        #expect(end >= before.addingTimeInterval(Double(seconds) - 0.001))
        #expect(end <= Date.now.addingTimeInterval(Double(seconds)))
        #expect(await harness.page(of: answer.token).status == 200)
    }

    static let invalid: [(body: String, path: String)] = [
        ("{}", "email"), (#"{"email":"ada@example.com"}"#, "callback_origin"),
        (#"{"email":"ada","callback_origin":"https://portal.example"}"#, "email"),
        (#"{"email":"ada@example.com","callback_origin":"portal"}"#, "callback_origin"),
        (#"{"email":"ada@example.com","callback_origin":"https://other.example"}"#, "callback_origin"),
        (with(#""callback_next":"https://other.example/""#), "callback_next"),
        (with(#""lifetime":"59s""#), "lifetime"), (with(#""lifetime":"8d""#), "lifetime"),
        (with(#""lifetime":""# + #"""#), "lifetime"), (with(#""lifetime":900"#), "lifetime"),
        (with(#""lifetime":null"#), "lifetime"), (with(#""lifetime":"-1d""#), "lifetime"),
        (with(#""purpose":"login""#), "purpose"), (with(#""purpose":1"#), "purpose"),
        (with(#""claims":[]"#), "claims"), (with(#""claims":"{}""#), "claims"), (with(#""claims":null"#), "claims"),
        (with(#""send":"yes""#), "send"), (with(#""send":0"#), "send"),
        (with(#""language":"english please""#), "language"), (with(#""language":7"#), "language"),
        (with(#""sned":false"#), ""), (with(#""Send":false"#), ""),
    ]

    private static func with(_ member: String) -> String {
        #"{"email":"ada@example.com","callback_origin":"https://portal.example",\#(member)}"#
    }

    @Test("an invalid body is refused with the field, and changes nothing", arguments: IssueLinkTests.invalid)
    func refused(body: String, path: String) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let answer = await harness.post("/v1/sign-in-links", body, caller: "one")
        #expect(answer.status == 400)
        #expect(answer.text.contains(#""path":"\#(path)""#), "\(answer.text)")
        #expect(try await harness.redis.send(RedisCommand("DBSIZE")) == .integer(0))
    }

    @Test("a misspelled member is named, at most its first 64 characters")
    func misspelled() async throws {
        let harness = try await LinksHarness(nil)
        #expect(await harness.issue(#","sned":false"#).text.contains(#"Unrecognized key: \"sned\""#))
        #expect(await harness.issue(#","send":false,"send":false"#)["code"] == "invalid_json")
        let long = await harness.issue(#","\#(String(repeating: "x", count: 65))":1"#)
        #expect(long.text.contains(#"key: \"\#(String(repeating: "x", count: 64))…\""#))
    }

    @Test("without an API key the request is refused")
    func unauthorized() async throws {
        let harness = try await LinksHarness(nil)
        let answer = await harness.issue(caller: nil)
        #expect(answer.status == 401)
        #expect(answer["code"] == "unauthorized")
    }

    @Test("without Redis the answer is 503")
    func unavailable() async throws {
        let away = try await LinksHarness(nil)
        #expect(await away.issue().status == 503)
    }

    @Test("while the queue is full nothing is stored, and links that are not mailed are still made")
    func fullQueue() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server, maximumQueueLength: 1)
        #expect(await harness.issue().status == 200)
        let before = try await harness.names("*").sorted()
        let refused = await harness.issue(#","purpose":"invite""#, key: "k")
        #expect(refused.status == 503)
        #expect(refused["code"] == "service_unavailable")
        #expect(try await harness.names("*").sorted() == before)
        #expect(await harness.issue(#","send":false"#, key: "k").status == 200)
    }

    static let languages: [(member: String, acceptLanguage: String?, expected: String)] = [
        ("", nil, "en"), ("", "pt-BR", "pt"), ("", "xx, ja;q=0.5", "ja"), (#","language":"de""#, nil, "de"),
        (#","language":"de""#, "fr", "de"), (#","language":"pt-BR""#, "fr", "pt-BR"),
    ]

    @Test("the email has the language of the body, or else of Accept-Language", arguments: IssueLinkTests.languages)
    func language(member: String, acceptLanguage: String?, expected: String) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        #expect(await harness.issue(member, acceptLanguage: acceptLanguage).status == 200)
        #expect(try await harness.jobs().map(\.language.tag) == [expected])
    }

    @Test("a link is kept for its lifetime and the retention, and does not work after its lifetime")
    func end() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server, ["POSTERN_LINK_RETENTION": "2h"])
        let before = UnixTime.now().milliseconds
        let link = await harness.issue(#","send":false,"lifetime":"3d""#)
        let key = try #require(try await harness.names("*:links:*").first)
        let kept = try await harness.integer(RedisCommand("PEXPIRETIME", key))
        let (lifetime, retention) = (3 * 86_400_000, 2 * 3_600_000)
        #expect((before...UnixTime.now().milliseconds).contains(kept - lifetime - retention))
        try await harness.pass(.milliseconds(lifetime - 60_000))
        #expect(await harness.page(of: link.token).status == 200)
        try await harness.pass(.milliseconds(60_000))
        #expect(await harness.page(of: link.token).status == 410)
        let verified = await harness.post("/auth/verify-magic-link", #"{"token":"\#(link.token)"}"#)
        #expect(verified["code"] == "token_invalid")
    }

    @Test("every link is logged as a notice with the API key's id, and without the address")
    func log() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let id = try #require(await harness.issue()["id"])
        let lines = harness.logs.lines(of: "link_issued")
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("notice link_issued api_key=one ") == true)
        #expect(lines.first?.hasSuffix(" id=\(id) purpose=sign_in") == true)
    }

    @Test("the link, the code's handle, the address, the claims and the idempotency key are not in Redis")
    func secrecy() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let answer = await harness.issue(#","send":false,"claims":{"team":"quetzal"}"#, key: "invite-4711")
        _ = await harness.issue(key: "invite-4712")
        let contents = try await harness.contents()
        let secrets = [answer.token, answer["request_id"], "ada@example.com", "quetzal", "invite-4711"]
        for secret in secrets {
            #expect(!contents.contains(Array(try #require(secret).utf8)), "\(secret ?? "")")
        }
    }
}

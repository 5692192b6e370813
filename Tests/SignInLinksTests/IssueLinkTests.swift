import Foundation
import MailQueue
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

    @Test("a code is given only for as long as wrong codes are remembered")
    func longLink() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server, ["POSTERN_LINK_LIFETIME": "2h"])
        #expect(await harness.issue(#","send":false,"lifetime":"2h""#).names.contains("code"))
        let long = await harness.issue(#","send":false,"lifetime":"3h""#)
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
        (with(#""claims":{"a":9007199254740994}"#), "claims"), (with(#""claims":{"a":[{"b":1e400}]}"#), "claims"),
        (with(#""claims":{"a":"\#(String(repeating: "x", count: 1017))"}"#), "claims"),
        (with(#""send":"yes""#), "send"), (with(#""send":0"#), "send"),
        (with(#""language":"english please""#), "language"), (with(#""language":7"#), "language"),
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

    @Test("claims may have 1024 bytes, and the largest exact numbers")
    func largestClaims() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let text = String(repeating: "x", count: 1016)
        #expect(await harness.issue(#","claims":{"a":"\#(text)"}"#).status == 200)
        #expect(await harness.issue(#","claims":{"a": 9007199254740992, "b": -9007199254740992}"#).status == 200)
    }

    @Test("without an API key the request is refused")
    func unauthorized() async throws {
        let harness = try await LinksHarness(nil)
        let answer = await harness.issue(caller: nil)
        #expect(answer.status == 401)
        #expect(answer["code"] == "unauthorized")
    }

    @Test("without Redis, or with a full queue, the answer is 503")
    func unavailable() async throws {
        let away = try await LinksHarness(nil)
        #expect(await away.issue().status == 503)
    }

    @Test("neither the link, nor the code, nor the address is in Redis")
    func secrecy() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let answer = await harness.issue(#","send":false,"claims":{"team":"quetzal"}"#, key: "invite-4711")
        _ = await harness.issue(key: "invite-4712")
        let contents = try await harness.contents()
        let secrets = [answer.token, answer["code"], answer["request_id"], "ada@example.com", "quetzal", "invite-4711"]
        for secret in secrets {
            let bytes = Array(try #require(secret).utf8)
            // Six digits may be anywhere by chance.
            if bytes.count > 6 { #expect(!contents.contains(bytes), "\(secret ?? "")") }
        }
    }
}

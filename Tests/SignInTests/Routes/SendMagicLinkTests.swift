import Foundation
import Redis
import MailQueue
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct SendMagicLinkTests {
    /// The token in a link to the portal. `end` must follow it.
    private func token(in link: String, followedBy end: String) throws -> String {
        let start = "https://portal.example/auth/callback?token="
        try #require(link.hasPrefix(start), "\(link)")
        let rest = link.dropFirst(start.count)
        let token = rest.prefix { $0 != "&" }
        #expect(String(rest.dropFirst(token.count)) == end)
        #expect(token.utf8.count == 43)
        return String(token)
    }

    @Test("a request is answered with ok and nothing else, and queues one email with one link")
    func served() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let response = await harness.respond(to: .signIn())
        #expect(response.status == .ok)
        #expect(response.text == #"{"ok":true}"#)
        #expect(response.fields[.contentType] == "application/json")

        let mails = try await harness.mails()
        #expect(mails.map(\.to) == ["ada@example.com"])
        let mail = try #require(mails.first)
        let text = try token(in: mail.link, followedBy: "")
        #expect(try await harness.keys(startingWith: "postern:links:") == [SignInHarness.key(of: text)])
        #expect(try await harness.keyCount() == 2)
    }

    @Test(
        "the path in the portal is encoded once in the link",
        arguments: [
            ("/", "&next=%2F"),
            ("/invoices/2024?sort=due#total", "&next=%2Finvoices%2F2024%3Fsort%3Ddue%23total"),
            ("/a%20b?c=%26", "&next=%2Fa%2520b%3Fc%3D%2526"),
            ("/a b&token=x", "&next=%2Fa%2520b%26token%3Dx"),
            ("/caf\u{E9}", "&next=%2Fcaf%25C3%25A9"),
        ])
    func next(path: String, end: String) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let body = #"{"email":"ada@example.com","callback_next":"\#(path)"}"#
        #expect(await harness.respond(to: .signIn(body)).status == .ok)
        let mails = try await harness.mails()
        let mail = try #require(mails.first)
        _ = try token(in: mail.link, followedBy: end)
    }

    @Test("the recipient is in lower case, and unknown members are ignored")
    func lowercased() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let body = #"{"to":"x@y.co","email":"Ada.O'Lovelace+x@EXAMPLE.Com","locale":{"a":[1,null]},"callback":7}"#
        #expect(await harness.respond(to: .signIn(body)).status == .ok)
        #expect(try await harness.mails().map(\.to) == ["ada.o'lovelace+x@example.com"])
    }

    @Test("a body with a member twice is refused, and nothing is mailed")
    func twice() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        for body in [
            #"{"email":"ada@example.com","email":"grace@example.com"}"#,
            #"{"email":"ada@example.com","x":{"y":1,"y":1}}"#,
        ] {
            let response = await harness.respond(to: .signIn(body))
            #expect(response.status == .badRequest)
            #expect(response.code == "invalid_json")
        }
        #expect(try await harness.mails().isEmpty)
    }

    @Test(
        "the email says that only the newest link works if that holds in every browser",
        arguments: [("", true), (SampleChallenge.member, false)])
    func newestOnly(members: String, isNewestOnly: Bool) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        #expect(await harness.respond(to: .signIn(#"{"email":"ada@example.com"\#(members)}"#)).status == .ok)
        #expect(try await harness.jobs().map(\.isNewestOnly) == [isNewestOnly])
    }

    @Test("each request has a token of its own")
    func ownTokens() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        for _ in 0..<20 { #expect(await harness.respond(to: .signIn()).status == .ok) }
        let mails = try await harness.mails()
        let tokens = try mails.map { try token(in: $0.link, followedBy: "") }
        #expect(Set(tokens).count == 20)
        // They have one place, since they are for one recipient.
        #expect(Set(try tokens.map { try SignInHarness.key(of: $0) }).count == 1)
    }

    @Test("no response reveals whether an address is known")
    func sameAnswer() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        var answers: [Response] = []
        for address in ["known@example.com", "known@example.com", "stranger@elsewhere.example", "KNOWN@example.com"] {
            let request = Request.signIn(#"{"email":"\#(address)"}"#, more: [("X-Request-Id", "one")])
            answers.append(await harness.respond(to: request))
        }
        for answer in answers {
            #expect(answer.status == answers[0].status)
            #expect(answer.fields == answers[0].fields)
            #expect(answer.body == answers[0].body)
        }
        #expect(try await harness.mails().count == 4)
    }

    @Test("a refused request stores no token, no email and no bucket")
    func refusedLeavesNothing() async throws {
        let server = try await RedisServer()
        let limit = try RateLimit(parsing: "10/1d")
        let harness = try await SignInHarness(
            server, limits: SignInLimits(client: limit, recipient: limit, deployment: limit))
        let requests: [Request] = [
            .signIn(""), .signIn("{"), .signIn("[]"), .signIn("{}"), .signIn(#"{"email":"ada"}"#),
            .signIn(#"{"email":["ada@example.com"]}"#), .signIn(contentType: nil), .signIn(contentType: "text/plain"),
            .signIn(origin: nil), .signIn(origin: "https://evil.example"), .signIn(origin: "null"),
            .signIn(#"{"email":"ada@example.com","callback_origin":"https://evil.example"}"#),
            .signIn(#"{"email":"ada@example.com","callback_origin":["https://portal.example"]}"#),
            .signIn(#"{"email":"ada@example.com","callback_next":"//evil.example"}"#),
            .signIn(more: [("X-AppHandoff-Callback-Origin", "https://evil.example")]),
            .signIn(more: [("Origin", "https://portal.example")]),
            Request(method: .get, path: "/auth/send-magic-link"),
            Request(method: .options, path: "/auth/send-magic-link"), .get("/auth/send-magic-link/"),
            .get("/healthz"), .get("/readyz"),
        ]
        for request in requests {
            let response = await harness.respond(to: request)
            #expect(response.fields[.rateLimit] == nil)
            #expect(response.fields[.rateLimitPolicy] == nil)
            #expect(try await harness.keyCount() == 0, "\(request.method.name) \(response.status) \(response.text)")
        }
        // A valid request is admitted: nothing was taken from the bucket.
        let response = await harness.respond(to: .signIn())
        #expect(response.status == .ok)
        #expect(response.fields[.rateLimit]?.hasPrefix(#""ip";r=9;"#) == true)
        #expect(try await harness.keyCount() == 7)
    }
}

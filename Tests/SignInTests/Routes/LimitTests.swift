import Redis
import SignIn
import Telemetry
import TestSupport
import Testing
import Web

@Suite
struct LimitTests {
    private func limits(
        client: String? = nil, recipient: String? = nil, mailbox: String? = nil, deployment: String? = nil
    ) throws -> SignInLimits {
        SignInLimits(
            client: try client.map { try RateLimit(parsing: $0) },
            recipient: try recipient.map { try RateLimit(parsing: $0) },
            mailbox: try mailbox.map { try RateLimit(parsing: $0) },
            deployment: try deployment.map { try RateLimit(parsing: $0) })
    }

    private func signIn(
        _ email: String = "ada@example.com", peer: String = "192.0.2.1", forwarded: String? = nil
    ) -> Request {
        let more = forwarded.map { [("X-Forwarded-For", $0)] } ?? []
        return .signIn(#"{"email":"\#(email)"}"#, more: more, peer: peer)
    }

    /// The number at the end of a text that starts with `start`.
    private func number(in text: String?, behind start: String) throws -> Int {
        let text = try #require(text)
        try #require(text.hasPrefix(start), "\(text)")
        return try #require(Int(text.dropFirst(start.count)))
    }

    @Test("a client beyond its limit gets 429, with the time to wait in the body and in a field")
    func tooManyRequests() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "1/10m"))

        let first = await harness.respond(to: signIn())
        #expect(first.status == .ok)
        #expect(first.text == #"{"ok":true}"#)
        #expect(first.fields[.rateLimitPolicy] == #""ip";q=1;w=600"#)
        #expect(try number(in: first.fields[.rateLimit], behind: #""ip";r=0;t="#) == 600)
        #expect(first.fields[.retryAfter] == nil)

        let second = await harness.respond(to: signIn())
        #expect(second.status == .tooManyRequests)
        // Some of the ten minutes have passed, though hardly any.
        let wait = try #require(second.member("retryAfter") as? Int)
        #expect((540...600).contains(wait))
        let expected = #"""
            {"error":"Too many requests: try again in \#(wait) seconds","code":"rate_limited","retryAfter":\#(wait)}
            """#
        #expect(second.text == expected)
        #expect(second.fields[.retryAfter] == "\(wait)")
        #expect(second.fields[.rateLimitPolicy] == #""ip";q=1;w=600"#)
        #expect(try number(in: second.fields[.rateLimit], behind: #""ip";r=0;t="#) == wait)
    }

    @Test("the requests left are counted down to 0, and then a request is refused")
    func countedDown() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "3/1d"))
        for left in [2, 1, 0] {
            let response = await harness.respond(to: signIn())
            #expect(response.status == .ok)
            // One more after a third of the day, however many are missing.
            let time = try number(in: response.fields[.rateLimit], behind: #""ip";r=\#(left);t="#)
            #expect((28_500...28_800).contains(time))
        }
        let refused = await harness.respond(to: signIn())
        #expect(refused.status == .tooManyRequests)
        let time = try number(in: refused.fields[.rateLimit], behind: #""ip";r=0;t="#)
        #expect(refused.fields[.retryAfter] == "\(time)")
    }

    @Test("the time until the client has one more request is not after the time at which it may try again")
    func earlierRetry() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "10/1d", deployment: "1/10m"))
        #expect(await harness.respond(to: signIn()).status == .ok)
        let refused = await harness.respond(to: signIn("grace@example.com"))
        let wait = try #require(refused.member("retryAfter") as? Int)
        #expect((500...600).contains(wait))
        #expect(try number(in: refused.fields[.rateLimit], behind: #""ip";r=8;t="#) == wait)
    }

    @Test("a limited request queues no email; the client's buckets are charged until they refuse, and no others")
    func changesNothing() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(
            server, limits: limits(client: "2/1d", recipient: "1/1d", deployment: "5/1d"))
        #expect(await harness.respond(to: signIn()).status == .ok)
        let before = try await buckets(harness)
        #expect(before.count == 5)
        #expect(try await harness.keyCount() == 7)
        for _ in 0..<5 { #expect(await harness.respond(to: signIn()).status == .tooManyRequests) }
        let after = try await buckets(harness)
        let changed = after.keys.filter { after[$0] != before[$0] }
        #expect(Set(changed) == ["postern:ip:192.0.2.1", "postern:ip:192.0.2.0/24"])
        let again = await harness.respond(to: signIn())
        #expect(again.fields[.rateLimit]?.hasPrefix(#""ip";r=0;t="#) == true)
        #expect(try await buckets(harness) == after)
        #expect(try await harness.keyCount() == 7)
        #expect(try await harness.mails().count == 1)
    }

    @Test("without a limit for clients no field reports one, even if another limit refuses")
    func noFields() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(recipient: "1/1d"))
        for status in [Status.ok, .tooManyRequests] {
            let response = await harness.respond(to: signIn())
            #expect(response.status == status)
            #expect(response.fields[.rateLimit] == nil)
            #expect(response.fields[.rateLimitPolicy] == nil)
        }
    }

    @Test("a recipient is limited over all clients, and over all spellings of the address")
    func recipient() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "10/1d", mailbox: "1/1d"))
        #expect(await harness.respond(to: signIn("ada@example.com", peer: "192.0.2.1")).status == .ok)
        let refused = await harness.respond(to: signIn("Ada@Example.COM", peer: "192.0.2.2"))
        #expect(refused.status == .tooManyRequests)
        #expect(refused.code == "rate_limited")
        // It was charged to this client all the same.
        #expect(refused.fields[.rateLimit]?.hasPrefix(#""ip";r=9;t="#) == true)
        #expect(await harness.respond(to: signIn("grace@example.com", peer: "192.0.2.2")).status == .ok)
    }

    @Test("a recipient is limited for each client: a stranger's requests leave the owner's limit whole")
    func recipientByClient() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "10/1d", recipient: "1/1d"))
        for status in [Status.ok, .tooManyRequests] {
            #expect(await harness.respond(to: signIn(peer: "192.0.2.1")).status == status)
        }
        #expect(await harness.respond(to: signIn(peer: "192.0.2.2")).status == .ok)
        #expect(await harness.respond(to: signIn(peer: "198.51.100.1")).status == .ok)
    }

    @Test("when more than half of the deployment's limit is used, one line a minute says so, and a counter counts")
    func pressed() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(deployment: "4/1d"))
        for (number, count) in [(1, 0), (2, 0), (3, 1), (4, 2), (5, 3), (6, 4)] {
            let status: Status = number <= 4 ? .ok : .tooManyRequests
            #expect(await harness.respond(to: signIn("\(number)@example.com")).status == status)
            let counter = #"postern_deployment_limit_pressed_total{limit="deployment"} \#(count)"#
            #expect(harness.registry.exposition.contains("\(counter)\n"))
        }
        #expect(
            harness.log.lines(of: "deployment_limit_pressed") == [
                "warning deployment_limit_pressed left=1 limit=deployment setting=POSTERN_GLOBAL_LIMIT"
            ])
    }

    @Test("the deployment is limited over all clients and recipients")
    func deployment() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(deployment: "2/1d"))
        #expect(await harness.respond(to: signIn("a@example.com", peer: "192.0.2.1")).status == .ok)
        #expect(await harness.respond(to: signIn("b@example.com", peer: "192.0.2.2")).status == .ok)
        #expect(await harness.respond(to: signIn("c@example.com", peer: "192.0.2.3")).status == .tooManyRequests)
    }

    @Test("if several limits refuse, the longest wait is reported")
    func longestWait() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(
            server, limits: limits(client: "1/10m", recipient: "1/2h", deployment: "1/1h"))
        #expect(await harness.respond(to: signIn()).status == .ok)
        let refused = await harness.respond(to: signIn())
        let wait = try #require(refused.member("retryAfter") as? Int)
        #expect((7140...7200).contains(wait))
    }

    @Test("clients behind a trusted proxy are distinguished by the address that it forwards")
    func behindProxy() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "1/1d"), proxies: ["10.0.0.0/8"])
        for client in ["198.51.100.1", "198.51.100.2", "2001:db8::1", "2001:db8:0:1::1"] {
            let request = signIn(peer: "10.0.0.1", forwarded: "203.0.113.66, \(client)")
            #expect(await harness.respond(to: request).status == .ok, "\(client)")
        }
        // The same client, and one of the same /64.
        for client in ["198.51.100.1:4711", "::ffff:198.51.100.2", "2001:db8::2"] {
            let request = signIn(peer: "10.0.0.2", forwarded: client)
            #expect(await harness.respond(to: request).status == .tooManyRequests, "\(client)")
        }
        let keys = try await harness.keys(startingWith: "postern:ip:")
        #expect(
            Set(keys) == [
                "postern:ip:198.51.100.1", "postern:ip:198.51.100.2", "postern:ip:198.51.100.0/24",
                "postern:ip:2001:db8::/64", "postern:ip:2001:db8:0:1::/64", "postern:ip:2001:db8::/56",
                "postern:ip:2001:db8::/48",
            ])
    }

    @Test("a client gets no other bucket by its own X-Forwarded-For")
    func forgedForwarding() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "1/1d"), proxies: ["10.0.0.0/8"])
        #expect(await harness.respond(to: signIn(peer: "192.0.2.1", forwarded: "198.51.100.1")).status == .ok)
        let again = signIn(peer: "192.0.2.1", forwarded: "198.51.100.2")
        #expect(await harness.respond(to: again).status == .tooManyRequests)
        // Nor by entries in front of the one that the proxy adds.
        let proxied = signIn(peer: "10.0.0.1", forwarded: "198.51.100.3, 192.0.2.1")
        #expect(await harness.respond(to: proxied).status == .tooManyRequests)
    }

    @Test("clients whose address is unknown share one bucket")
    func unknownClients() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits(client: "1/1d"))
        #expect(await harness.respond(to: signIn("a@example.com", peer: "")).status == .ok)
        #expect(await harness.respond(to: signIn("b@example.com", peer: "")).status == .tooManyRequests)
        #expect(await harness.respond(to: signIn("b@example.com", peer: "192.0.2.1")).status == .ok)
    }

    /// The numbers in all buckets, by their keys.
    private func buckets(_ harness: SignInHarness) async throws -> [String: RESPValue] {
        var buckets: [String: RESPValue] = [:]
        for start in ["postern:ip:", "postern:to:", "postern:all"] {
            for key in try await harness.keys(startingWith: start) {
                buckets[key] = try await harness.redis.send(RedisCommand("GET", key))
            }
        }
        return buckets
    }
}

import Net
import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite
struct SignInStoreTests {
    @Test("an admitted request leaves its buckets, its record and one job")
    func admitted() async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("10/10m"), recipient: limit("3/15m"), deployment: limit("100/1d")))
        let link = try StoreHarness.link(next: "/invoices")
        let admission = try await harness.admit(link)
        #expect(admission == .admitted(.init(left: 9, moreIn: .seconds(60))))
        #expect(try harness.server.command("XLEN", "postern:mail") == "1")
        #expect(
            try Set(harness.server.command("KEYS", "*").split(separator: "\n").map { $0.split(separator: ":")[1] }) == [
                "all", "ip", "links", "mail", "to",
            ])
        let lifetime = try #require(Int(try harness.server.command("PTTL", "postern:links:\(link.token.place.text)")))
        #expect((1...900_000).contains(lifetime))
    }

    @Test("a record opens with its token, and has the values of the request")
    func record() async throws {
        let harness = try await StoreHarness()
        let link = try StoreHarness.link(next: "/invoices?page=2")
        _ = try await harness.admit(link)
        let script = StoreHarness.script("return links_at(KEYS[1])[1].record")
        let reply = try await harness.command("EVAL", script, "1", "postern:links:\(link.token.place.text)")
        guard case .bulk(let box) = reply else { throw NotAsExpected(reply: reply) }
        let record = try TokenRecord(opening: box, with: link.token, by: StoreHarness.tokenKeys)
        #expect(record.email.text == "ada@example.com")
        #expect(record.origin.description == "https://portal.example.com")
        #expect(record.next?.text == "/invoices?page=2")
    }

    @Test("a repeated call gets the same answer, and adds no second job")
    func repeated() async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("10/1d"), recipient: limit("3/1d"), deployment: nil))
        let link = try StoreHarness.link()
        #expect(try await harness.admit(link).left == 9)
        for _ in 0..<20 {
            let again = try await harness.admit(link)
            #expect(again.left == 9)
        }
        #expect(try harness.server.command("XLEN", "postern:mail") == "1")
        #expect(try await harness.admit().left == 8)
    }

    @Test("a call that is repeated after other calls have emptied its buckets is still admitted")
    func repeatedLate() async throws {
        let harness = try await StoreHarness(limits: .init(client: limit("2/1d"), recipient: nil, deployment: nil))
        let link = try StoreHarness.link()
        _ = try await harness.admit(link)
        _ = try await harness.admit()
        guard case .limited = try await harness.admit() else {
            Issue.record("the bucket should be empty")
            return
        }
        #expect(try await harness.admit(link).left == 0)
        #expect(try harness.server.command("XLEN", "postern:mail") == "2")
    }

    @Test(
        "each limit refuses by its name, and a refusal changes nothing",
        arguments: [
            ("client", "1/1h", "off", "off"), ("recipient", "off", "1/1h", "off"),
            ("deployment", "off", "9/1h", "1/1h"),
        ])
    func limited(by name: String, client: String, recipient: String, deployment: String) async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: client == "off" ? nil : limit(client), recipient: recipient == "off" ? nil : limit(recipient),
                deployment: deployment == "off" ? nil : limit(deployment)))
        _ = try await harness.admit()
        let before = try harness.server.command("DEBUG", "DIGEST")
        guard case .limited(let refusing, let retryAfter, _) = try await harness.admit() else {
            Issue.record("the second request should be refused")
            return
        }
        #expect(refusing.name == name)
        #expect(retryAfter > .seconds(3500) && retryAfter <= .seconds(3600))
        #expect(try harness.server.command("DEBUG", "DIGEST") == before)
    }

    @Test("if several buckets are empty, the longest wait is reported")
    func longest() async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("1/1m"), recipient: limit("1/1h"), deployment: limit("1/10m")))
        _ = try await harness.admit()
        guard case .limited(let limit, let retryAfter, _) = try await harness.admit(), limit.name == "recipient" else {
            Issue.record("the recipient's bucket should refuse")
            return
        }
        #expect(retryAfter > .seconds(3500))
    }

    @Test(
        "a request that another bucket refuses is charged to all of the client's, until they refuse",
        arguments: ["1/1h", "9/1h"])
    func charged(recipient: String) async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("3/1h"), recipient: limit(recipient), mailbox: limit("1/1h"), deployment: nil))
        #expect(try await harness.admit(from: "2001:db8::1").left == 2)
        for left in [1, 0] {
            guard case .limited(let limit, _, let quota?) = try await harness.admit(from: "2001:db8::1") else {
                Issue.record("the recipient's bucket should refuse")
                return
            }
            #expect(limit.name == (recipient == "1/1h" ? "recipient" : "mailbox"))
            #expect(quota.left == left)
        }
        let before = try harness.server.command("DEBUG", "DIGEST")
        guard case .limited = try await harness.admit(from: "2001:db8::1") else {
            Issue.record("the client's bucket should refuse")
            return
        }
        // A client that its own bucket refuses is charged nothing more, and neither is anybody else.
        #expect(try harness.server.command("DEBUG", "DIGEST") == before)
        #expect(try await harness.keys("postern:ip:").count == 3)
    }

    @Test("a recipient is limited over all clients, and a client over all recipients")
    func buckets() async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("2/1h"), recipient: nil, mailbox: limit("2/1h"), deployment: nil))
        #expect(try await harness.admit(to: "a@example.com", from: "192.0.2.1").left == 1)
        #expect(try await harness.admit(to: "a@example.com", from: "192.0.2.2").left == 1)
        let third = try await harness.admit(to: "A@EXAMPLE.com", from: "192.0.2.3")
        guard case .limited(let first, _, _) = third, first.name == "mailbox" else {
            Issue.record("the third mail to one recipient should be refused")
            return
        }
        #expect(try await harness.admit(to: "b@example.com", from: "192.0.2.1").left == 0)
        let last = try await harness.admit(to: "c@example.com", from: "192.0.2.1")
        guard case .limited(let second, _, _) = last, second.name == "client" else {
            Issue.record("the third request of one client should be refused")
            return
        }
    }

    @Test("all addresses of an IPv6 /64 are one client")
    func network() async throws {
        let harness = try await StoreHarness(limits: .init(client: limit("1/1h"), recipient: nil, deployment: nil))
        _ = try await harness.admit(from: "2001:db8:1:2::1")
        guard case .limited = try await harness.admit(from: "2001:db8:1:2:ffff::9") else {
            Issue.record("an address of the same /64 should be refused")
            return
        }
        #expect(try await harness.admit(from: "2001:db8:1:3::1").left == 0)
    }

    @Test("requests beyond the maximum length of the queue are refused, and nothing is taken for them")
    func queueFull() async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("9/1h"), recipient: nil, deployment: nil), maximumQueueLength: 2)
        _ = try await harness.admit()
        _ = try await harness.admit()
        let before = try harness.server.command("DEBUG", "DIGEST")
        #expect(try await harness.admit() == .queueFull)
        #expect(try harness.server.command("DEBUG", "DIGEST") == before)
    }

    @Test("a script that Redis has forgotten is sent again")
    func forgotten() async throws {
        let harness = try await StoreHarness()
        _ = try await harness.admit()
        try harness.server.command("SCRIPT", "FLUSH")
        #expect(try await harness.admit() == .admitted(nil))
        #expect(try await harness.admit() == .admitted(nil))
        #expect(try harness.server.callCount(of: "eval") == 1)
        #expect(try harness.server.callCount(of: "evalsha") == 3)
    }

    @Test("a bucket whose value is not a number counts as full")
    func garbage() async throws {
        let harness = try await StoreHarness(limits: .init(client: limit("5/1h"), recipient: nil, deployment: nil))
        try harness.server.command("SET", "postern:ip:192.0.2.1", "garbage")
        #expect(try await harness.admit().left == 4)
    }

    @Test("a key of another type is a failure, not an outage")
    func wrongType() async throws {
        let harness = try await StoreHarness()
        try harness.server.command("SET", "postern:mail", "x")
        await #expect {
            _ = try await harness.admit()
        } throws: { error in
            if case StoreError.failed? = error as? StoreError { true } else { false }
        }
    }
}

extension Admission {
    /// The tokens left after an admitted request; `nil` if it was refused, or clients are not limited.
    fileprivate var left: Int? {
        if case .admitted(let quota) = self { quota?.left } else { nil }
    }
}

import Net
import Redis
import TestSupport
import Testing

@testable import SignIn

/// The buckets of a client's networks, and those that keep strangers from using up what is the owner's.
@Suite(.timeLimit(.minutes(2)))
struct NestedBucketTests {
    /// The limits of the settings' defaults.
    private static func defaults() throws -> SignInLimits {
        try SignInLimits(
            client: limit("10/10m"), recipient: limit("3/15m"), mailbox: limit("24/15m"),
            deployment: limit("100000/10m"), verification: limit("600/1m"), code: limit("30/10m"),
            deploymentCodes: limit("1000/10m"))
    }

    private func isAdmitted(_ admission: Admission) -> Bool {
        if case .admitted = admission { true } else { false }
    }

    @Test(
        "a wider network has 4 and 16 times the limit, whatever its addresses",
        arguments: [
            ("2001:db8:0:%x::1", 256, 40), ("2001:db8:0:%x00::1", 250, 160), ("192.0.2.%d", 250, 160),
        ] as [(String, Int, Int)])
    func wider(pattern: String, clients: Int, admitted: Int) async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("10/1d"), recipient: nil, deployment: nil), maximumQueueLength: 10_000)
        var count = 0
        for number in 0..<clients {
            let text = pattern.contains("%x") ? String(number, radix: 16) : String(number)
            let address = pattern.replacing("%x", with: text).replacing("%d", with: text)
            for _ in 0..<2 where isAdmitted(try await harness.admit(to: "\(number)@example.com", from: address)) {
                count += 1
            }
        }
        #expect(count == admitted)
        // Another network is another client.
        #expect(isAdmitted(try await harness.admit(from: "2001:db8:1::1")))
        #expect(isAdmitted(try await harness.admit(from: "192.0.3.1")))
    }

    @Test("a refused client is told the quota of its own bucket, and the wait of the widest that refuses")
    func quota() async throws {
        let harness = try await StoreHarness(limits: .init(client: limit("1/1d"), recipient: nil, deployment: nil))
        for number in 0..<16 { #expect(isAdmitted(try await harness.admit(from: "192.0.2.\(number)"))) }
        guard case .limited(let limit, let retryAfter, let quota?) = try await harness.admit(from: "192.0.2.99") else {
            Issue.record("the /24 should be refused")
            return
        }
        #expect(limit.name == "client")
        #expect(retryAfter > .seconds(5000) && retryAfter <= .seconds(5400))
        #expect(quota == Quota(left: 1, moreIn: .zero))
    }

    @Test("verifications and codes are limited by wider networks, too")
    func verifications() async throws {
        let harness = try await StoreHarness(
            limits: .init(
                client: nil, recipient: nil, deployment: nil, verification: limit("1/1d"), code: limit("1/1d")))
        for number in 0..<20 {
            let client = "2001:db8:0:\(number)00::1"
            #expect(try await harness.verify(nil, from: client).isLimited == (number >= 16))
            #expect(try await harness.verify(code: "000000", of: nil, from: client).isLimited == (number >= 16))
        }
    }

    @Test(
        "a stranger keeps nobody out from one network, at the default limits, however long he tries",
        arguments: [
            ["203.0.113.5"], (0..<20).map { "192.0.2.\($0)" }, (0..<20).map { "2001:db8:0:\($0)::1" },
        ])
    func owner(strangers: [String]) async throws {
        let harness = try await StoreHarness(limits: NestedBucketTests.defaults(), maximumQueueLength: 10_000)
        let ownerAddress = "198.51.100.7"
        // Four hours, in steps in which each network gets another token of the recipient.
        for step in 0..<48 {
            for stranger in strangers { _ = try await harness.admit(from: stranger) }
            if step.isMultiple(of: 3) {
                #expect(isAdmitted(try await harness.admit(from: ownerAddress)), "step \(step)")
            }
            try await harness.passBuckets(.seconds(300))
        }
    }

    @Test("a mailbox gets a bounded number of emails, from however many networks")
    func mailBomb() async throws {
        let harness = try await StoreHarness(limits: NestedBucketTests.defaults(), maximumQueueLength: 10_000)
        var count = 0
        for number in 0..<200 where isAdmitted(try await harness.admit(from: "198.51.\(number).1")) { count += 1 }
        #expect(count == 24)
        #expect(isAdmitted(try await harness.admit(to: "bob@example.com", from: "198.51.1.1")))
    }

    @Test("the aliases of a mailbox share its buckets, unless that is switched off; the email goes to the alias")
    func aliases() async throws {
        for areOne in [true, false] {
            var limits = SignInLimits(client: nil, recipient: nil, mailbox: try limit("2/1d"), deployment: nil)
            limits.areAliasesOne = areOne
            let harness = try await StoreHarness(limits: limits)
            #expect(isAdmitted(try await harness.admit(to: "ada@gmail.com")))
            #expect(isAdmitted(try await harness.admit(to: "ada+shop@gmail.com")))
            #expect(isAdmitted(try await harness.admit(to: "a.d.a@googlemail.com")) != areOne)
            #expect(isAdmitted(try await harness.admit(to: "ada+bank@gmail.com")) != areOne)
            #expect(try await harness.keys("postern:to:").count == (areOne ? 1 : 4))
            // Each alias has links of its own.
            #expect(try await harness.keys("postern:links:").count == (areOne ? 2 : 4))
        }
    }

    @Test(
        "the deployment's limit is exact, although a large one is asked for several requests at once",
        arguments: [("5/1d", 5, 5), ("2000/1d", 2000, 1000)])
    func deployment(text: String, burst: Int, takes: Int) async throws {
        let harness = try await StoreHarness(
            limits: .init(client: nil, recipient: nil, deployment: limit(text)), maximumQueueLength: 10_000)
        var admitted = 0
        for _ in 0..<(burst + 20) where isAdmitted(try await harness.admit()) { admitted += 1 }
        #expect(admitted == burst)
        // A SET for each link, and one for each time that tokens were taken.
        #expect(try harness.server.callCount(of: "set") == burst + takes)
    }

    @Test("a token in advance that another limit did not need is used by the next request")
    func leaseKept() async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("1/1d"), recipient: nil, deployment: limit("64000/1d")),
            maximumQueueLength: 10_000)
        for number in 0..<128 {
            let client = "192.\(number).2.1"
            #expect(isAdmitted(try await harness.admit(from: client)))
            #expect(!isAdmitted(try await harness.admit(from: client)))
        }
        let full = try await harness.command(
            "EVAL",
            StoreHarness.script(
                "return math.floor((struct.unpack('>I8', redis.call('GET', KEYS[1])) - now) / 1350000 + 0.5)"),
            "1", "postern:all")
        // Two times 64 tokens of 1.35 s each, of which hardly any time has passed.
        #expect(full == .integer(128) || full == .integer(127))
    }

    @Test("a value that is not a time counts as a full bucket", arguments: ["", "1", "1700000000000000", "123456789"])
    func noTime(value: String) async throws {
        let harness = try await StoreHarness(limits: .init(client: limit("4/1h"), recipient: nil, deployment: nil))
        try harness.server.command("SET", "postern:ip:192.0.2.1", value)
        guard case .admitted(let quota?) = try await harness.admit() else {
            Issue.record("it should be admitted")
            return
        }
        #expect(quota.left == 3)
    }
}

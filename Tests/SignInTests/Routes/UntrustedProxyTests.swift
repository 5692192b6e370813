import TestSupport
import Telemetry
import Testing
import Web

/// An `X-Forwarded-For` that is ignored, because a proxy is not trusted.
@Suite
struct UntrustedProxyTests {
    private func harness(trusting proxies: [String] = []) async throws -> SignInHarness {
        try await SignInHarness(proxies: proxies)
    }

    private func send(_ forwardedFor: String?, from peer: String, _ harness: SignInHarness) async {
        let more = forwardedFor.map { [("X-Forwarded-For", $0)] } ?? []
        _ = await harness.respond(
            to: .signIn(#"{"email":"ada@example.com","callback_origin":"x"}"#, more: more, peer: peer))
    }

    private func ignored(_ harness: SignInHarness) -> Int? {
        let line = harness.registry.exposition.split(separator: "\n")
            .first { $0.hasPrefix("postern_forwarded_for_ignored_total ") }
        return line?.split(separator: " ").last.flatMap { Int($0) }
    }

    @Test("it is counted each time, and told once for each network, with the setting to change")
    func toldOnce() async throws {
        let harness = try await harness()
        for number in 1...20 { await send("203.0.113.\(number)", from: "10.4.7.\(number)", harness) }
        await send("203.0.113.1", from: "fd00:4:7::1", harness)
        #expect(
            harness.log.lines(of: "proxy_not_trusted") == [
                "warning proxy_not_trusted network=10.4.7.0/24 setting=POSTERN_TRUSTED_PROXIES",
                "warning proxy_not_trusted network=fd00:4:7::/64 setting=POSTERN_TRUSTED_PROXIES",
            ])
        #expect(ignored(harness) == 21)
    }

    @Test("the lines are bounded, because anybody can send the field")
    func bounded() async throws {
        let harness = try await harness()
        for number in 0..<100 { await send("203.0.113.1", from: "198.51.\(number).1", harness) }
        #expect(harness.log.lines(of: "proxy_not_trusted").count == 16)
        #expect(ignored(harness) == 100)
    }

    @Test("a proxy in front of a trusted one is noticed by its private address")
    func chain() async throws {
        let harness = try await harness(trusting: ["10.4.7.0/24"])
        await send("203.0.113.1, 10.9.9.9", from: "10.4.7.1", harness)
        #expect(
            harness.log.lines(of: "proxy_not_trusted") == [
                "warning proxy_not_trusted network=10.9.9.0/24 setting=POSTERN_TRUSTED_PROXIES"
            ])
    }

    @Test(
        "nothing is ignored if the field is missing, empty or names only the client",
        arguments: [
            (nil, "192.0.2.1"), ("", "192.0.2.1"), (" , ", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"),
            ("203.0.113.66, 192.0.2.1", "192.0.2.1"), ("203.0.113.1", "10.4.7.1"),
            ("203.0.113.66, 203.0.113.1", "10.4.7.1"), ("203.0.113.1, 10.4.7.2", "10.4.7.1"), ("10.9.9.9", "10.4.7.1"),
            ("203.0.113.1", ""),
        ] as [(String?, String)])
    func nothingIgnored(forwardedFor: String?, peer: String) async throws {
        let harness = try await harness(trusting: ["10.4.7.0/24"])
        await send(forwardedFor, from: peer, harness)
        #expect(harness.log.lines(of: "proxy_not_trusted") == [])
        #expect(ignored(harness) == 0)
    }
}

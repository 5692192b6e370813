import Net
import Testing

@testable import Web

/// A peer, its `X-Forwarded-For`, and the expected client. 10.0.0.0/8, fd00::/8 and 192.0.2.7 are trusted.
struct ForwardedCase: Sendable, CustomTestStringConvertible {
    let peer: String
    let forwarded: String?
    let client: String

    init(_ peer: String, _ forwarded: String?, _ client: String) {
        self.peer = peer
        self.forwarded = forwarded
        self.client = client
    }

    var testDescription: String { "\(peer) forwards \(forwarded ?? "nothing")" }
}

@Suite
struct TrustedProxiesTests {
    private func client(_ hops: ForwardedCase) -> String? {
        let blocks = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"].compactMap { AddressBlock(parsing: $0) }
        return TrustedProxies(blocks)
            .clientAddress(peer: IPAddress(parsing: hops.peer), forwardedFor: hops.forwarded)?.description
    }

    @Test(
        "the client is the rightmost hop that is not a trusted proxy",
        arguments: [
            ForwardedCase("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ForwardedCase("192.0.2.7", "198.51.100.1", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "203.0.113.5, 198.51.100.1", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "203.0.113.5, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "198.51.100.1, 192.0.2.7, 10.2.3.4", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "10.6.6.6, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "198.51.100.1 ,\t10.2.3.4 ", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "198.51.100.1,10.2.3.4", "198.51.100.1"),
        ])
    func rightmostUntrusted(_ hops: ForwardedCase) {
        #expect(client(hops) == hops.client)
    }

    @Test(
        "if all hops are trusted, the client is the leftmost",
        arguments: [
            ForwardedCase("10.0.0.1", "10.9.9.9", "10.9.9.9"),
            ForwardedCase("10.0.0.1", "10.9.9.9, 192.0.2.7, fd00::7", "10.9.9.9"),
        ])
    func allTrusted(_ hops: ForwardedCase) {
        #expect(client(hops) == hops.client)
    }

    @Test(
        "the entries of an untrusted peer are ignored",
        arguments: [
            ForwardedCase("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ForwardedCase("203.0.113.9", "10.1.1.1", "203.0.113.9"),
            ForwardedCase("192.0.2.8", "198.51.100.1", "192.0.2.8"),
            ForwardedCase("2001:db8::9", "198.51.100.1", "2001:db8::9"),
        ])
    func untrustedPeer(_ hops: ForwardedCase) {
        #expect(client(hops) == hops.client)
    }

    @Test(
        "a trusted peer that forwards nothing is the client",
        arguments: [ForwardedCase("10.0.0.1", nil, "10.0.0.1"), ForwardedCase("10.0.0.1", "", "10.0.0.1")])
    func nothingForwarded(_ hops: ForwardedCase) {
        #expect(client(hops) == hops.client)
    }

    @Test(
        "a hop's port and brackets are removed",
        arguments: [
            ForwardedCase("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "198.51.100.1:4711, 10.2.3.4:80", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            ForwardedCase("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
            ForwardedCase("10.0.0.1", "[2001:db8::1]:443, [fd00::7]:1", "2001:db8::1"),
        ])
    func portsAndBrackets(_ hops: ForwardedCase) {
        #expect(client(hops) == hops.client)
    }

    @Test(
        "IPv6 hops are read like IPv4 hops",
        arguments: [
            ForwardedCase("fd00::1", "2001:db8::5", "2001:db8::5"),
            ForwardedCase("fd00::1", "2001:DB8:0:0::5, fd12:3456::9", "2001:db8::5"),
            ForwardedCase("fd00::1", "2001:db8::5, 10.2.3.4", "2001:db8::5"),
            ForwardedCase("fd00::1", "198.51.100.1, fe80::1", "fe80::1"),
        ])
    func ipv6(_ hops: ForwardedCase) {
        #expect(client(hops) == hops.client)
    }

    @Test(
        "an IPv4-mapped IPv6 address is treated as its IPv4 address",
        arguments: [
            ForwardedCase("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
            ForwardedCase("10.0.0.1", "198.51.100.1, ::ffff:10.2.3.4", "198.51.100.1"),
            ForwardedCase("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ])
    func mapped(_ hops: ForwardedCase) {
        #expect(client(hops) == hops.client)
    }

    @Test(
        "a hop that is not an IP address ends the search, and the client is the last valid hop",
        arguments: [
            "unknown", "_hidden", "999.1.1.1", "198.51.100", "198.51.100.01", "0x7f.0.0.1", "198.51.100.1:port",
            "198.51.100.1;evil", "198.51.100.1 203.0.113.5", "2001:db8::g", "[2001:db8::1", "2001:db8::1]",
            "[198.51.100.1]", "fe80::1%eth0", "for=198.51.100.1", "evil.example", "\u{0}",
        ])
    func garbage(_ hop: String) {
        #expect(client(ForwardedCase("10.0.0.1", hop, "")) == "10.0.0.1")
        #expect(client(ForwardedCase("10.0.0.1", "203.0.113.5, \(hop)", "")) == "10.0.0.1")
        #expect(client(ForwardedCase("10.0.0.1", "203.0.113.5, \(hop), 10.2.3.4", "")) == "10.2.3.4")
        #expect(client(ForwardedCase("10.0.0.1", "\(hop), 203.0.113.5, 10.2.3.4", "")) == "203.0.113.5")
    }

    @Test("repeated lines of the field are read as one list")
    func severalLines() {
        var fields = RequestFields()
        fields.append("X-Forwarded-For", "203.0.113.5, 198.51.100.1")
        fields.append("x-forwarded-for", "10.2.3.4")
        #expect(client(ForwardedCase("10.0.0.1", fields.forwardedFor, "")) == "198.51.100.1")
    }

    @Test("without a peer the client is unknown, whatever is forwarded")
    func noPeer() {
        let proxies = TrustedProxies([])
        #expect(proxies.clientAddress(peer: nil, forwardedFor: "198.51.100.1") == nil)
    }

    @Test("if no proxy is trusted, the client is always the peer")
    func noProxies() {
        let peer = IPAddress(parsing: "10.0.0.1")
        #expect(TrustedProxies([]).clientAddress(peer: peer, forwardedFor: "198.51.100.1") == peer)
    }
}

@testable import Web
import Net
import Testing

/// A peer, what it forwards, and whom that names. 10.0.0.0/8, fd00::/8 and 192.0.2.7 are trusted.
struct Walk: Sendable, CustomTestStringConvertible {
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
struct ClientAddressTests {
    private func client(_ walk: Walk) -> String? {
        let blocks = ["10.0.0.0/8", "fd00::/8", "192.0.2.7"].compactMap { AddressBlock(parsing: $0) }
        return TrustedProxies(blocks)
            .clientAddress(peer: IPAddress(parsing: walk.peer), forwardedFor: walk.forwarded)?.description
    }

    @Test(
        "it is the rightmost hop that no trusted proxy added",
        arguments: [
            Walk("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            Walk("192.0.2.7", "198.51.100.1", "198.51.100.1"),
            Walk("10.0.0.1", "203.0.113.5, 198.51.100.1", "198.51.100.1"),
            Walk("10.0.0.1", "203.0.113.5, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
            Walk("10.0.0.1", "198.51.100.1, 192.0.2.7, 10.2.3.4", "198.51.100.1"),
            Walk("10.0.0.1", "10.6.6.6, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
            Walk("10.0.0.1", "198.51.100.1 ,\t10.2.3.4 ", "198.51.100.1"),
            Walk("10.0.0.1", "198.51.100.1,10.2.3.4", "198.51.100.1"),
        ])
    func rightmostUntrusted(_ walk: Walk) {
        #expect(client(walk) == walk.client)
    }

    @Test(
        "where all hops are trusted, it is the leftmost",
        arguments: [
            Walk("10.0.0.1", "10.9.9.9", "10.9.9.9"),
            Walk("10.0.0.1", "10.9.9.9, 192.0.2.7, fd00::7", "10.9.9.9"),
        ])
    func allTrusted(_ walk: Walk) {
        #expect(client(walk) == walk.client)
    }

    @Test(
        "an untrusted peer's word is not taken",
        arguments: [
            Walk("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            Walk("203.0.113.9", "10.1.1.1", "203.0.113.9"),
            Walk("192.0.2.8", "198.51.100.1", "192.0.2.8"),
            Walk("2001:db8::9", "198.51.100.1", "2001:db8::9"),
        ])
    func untrustedPeer(_ walk: Walk) {
        #expect(client(walk) == walk.client)
    }

    @Test(
        "a trusted peer that forwards nothing asks for itself",
        arguments: [Walk("10.0.0.1", nil, "10.0.0.1"), Walk("10.0.0.1", "", "10.0.0.1")])
    func nothingForwarded(_ walk: Walk) {
        #expect(client(walk) == walk.client)
    }

    @Test(
        "ports and brackets around a hop are taken off",
        arguments: [
            Walk("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            Walk("10.0.0.1", "198.51.100.1:4711, 10.2.3.4:80", "198.51.100.1"),
            Walk("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            Walk("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
            Walk("10.0.0.1", "[2001:db8::1]:443, [fd00::7]:1", "2001:db8::1"),
        ])
    func portsAndBrackets(_ walk: Walk) {
        #expect(client(walk) == walk.client)
    }

    @Test(
        "IPv6 hops are as good as any",
        arguments: [
            Walk("fd00::1", "2001:db8::5", "2001:db8::5"),
            Walk("fd00::1", "2001:DB8:0:0::5, fd12:3456::9", "2001:db8::5"),
            Walk("fd00::1", "2001:db8::5, 10.2.3.4", "2001:db8::5"),
            Walk("fd00::1", "198.51.100.1, fe80::1", "fe80::1"),
        ])
    func ipv6(_ walk: Walk) {
        #expect(client(walk) == walk.client)
    }

    @Test(
        "an IPv4 address mapped into IPv6 is its IPv4 address",
        arguments: [
            Walk("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            Walk("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
            Walk("10.0.0.1", "198.51.100.1, ::ffff:10.2.3.4", "198.51.100.1"),
            Walk("::ffff:203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ])
    func mapped(_ walk: Walk) {
        #expect(client(walk) == walk.client)
    }

    @Test(
        "a hop that is no address stops the walk at the last one that was",
        arguments: [
            "unknown", "_hidden", "999.1.1.1", "198.51.100", "198.51.100.01", "0x7f.0.0.1", "198.51.100.1:port",
            "198.51.100.1;evil", "198.51.100.1 203.0.113.5", "2001:db8::g", "[2001:db8::1", "2001:db8::1]",
            "[198.51.100.1]", "fe80::1%eth0", "for=198.51.100.1", "evil.example", "\u{0}",
        ])
    func garbage(_ hop: String) {
        #expect(client(Walk("10.0.0.1", hop, "")) == "10.0.0.1")
        #expect(client(Walk("10.0.0.1", "203.0.113.5, \(hop)", "")) == "10.0.0.1")
        #expect(client(Walk("10.0.0.1", "203.0.113.5, \(hop), 10.2.3.4", "")) == "10.2.3.4")
        #expect(client(Walk("10.0.0.1", "\(hop), 203.0.113.5, 10.2.3.4", "")) == "203.0.113.5")
    }

    @Test("several lines of the field are one list")
    func severalLines() {
        var fields = RequestFields()
        fields.append("X-Forwarded-For", "203.0.113.5, 198.51.100.1")
        fields.append("x-forwarded-for", "10.2.3.4")
        #expect(client(Walk("10.0.0.1", fields.forwardedFor, "")) == "198.51.100.1")
    }

    @Test("without a peer there is nobody to name, whatever is forwarded")
    func noPeer() {
        let proxies = TrustedProxies([])
        #expect(proxies.clientAddress(peer: nil, forwardedFor: "198.51.100.1") == nil)
    }

    @Test("where no proxy is trusted it is always the peer")
    func noProxies() {
        let peer = IPAddress(parsing: "10.0.0.1")
        #expect(TrustedProxies([]).clientAddress(peer: peer, forwardedFor: "198.51.100.1") == peer)
    }
}

import Net
import Testing

@Suite
struct ClientNetworksTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let address: String
        let own: String
        let middle: String?
        let widest: String?
        let logged: String
        let reported: String
        var testDescription: String { address }

        init(
            _ address: String, _ own: String, _ middle: String?, _ widest: String?, logged: String,
            reported: String
        ) {
            self.address = address
            (self.own, self.middle, self.widest) = (own, middle, widest)
            (self.logged, self.reported) = (logged, reported)
        }
    }

    static let cases = [
        Case("192.0.2.1", "192.0.2.1", nil, "192.0.2.0/24", logged: "192.0.2.0/24", reported: "192.0.2.1"),
        Case("192.0.2.1:80", "192.0.2.1", nil, "192.0.2.0/24", logged: "192.0.2.0/24", reported: "192.0.2.1"),
        Case("::ffff:192.0.2.1", "192.0.2.1", nil, "192.0.2.0/24", logged: "192.0.2.0/24", reported: "192.0.2.1"),
        Case("64:ff9b::192.0.2.1", "192.0.2.1", nil, "192.0.2.0/24", logged: "192.0.2.0/24", reported: "192.0.2.1"),
        Case(
            "255.255.255.255", "255.255.255.255", nil, "255.255.255.0/24", logged: "255.255.255.0/24",
            reported: "255.255.255.255"),
        Case("0.0.0.0", "0.0.0.0", nil, "0.0.0.0/24", logged: "0.0.0.0/24", reported: "0.0.0.0"),
        Case("10.200.30.4", "10.200.30.4", nil, "10.200.30.0/24", logged: "10.200.30.0/24", reported: "10.200.30.4"),
        Case(
            "2001:db8:1:2345:6:7:8:9", "2001:db8:1:2345::/64", "2001:db8:1:2300::/56", "2001:db8:1::/48",
            logged: "2001:db8:1:2345::/64", reported: "2001:db8:1::/48"),
        Case(
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff::/64", "ffff:ffff:ffff:ff00::/56",
            "ffff:ffff:ffff::/48", logged: "ffff:ffff:ffff:ffff::/64", reported: "ffff:ffff:ffff::/48"),
        Case(
            "[2001:db8::1]:80", "2001:db8::/64", "2001:db8::/56", "2001:db8::/48", logged: "2001:db8::/64",
            reported: "2001:db8::/48"),
        // A local prefix of NAT64 (RFC 8215) is one network, as it is not known what is embedded where.
        Case(
            "64:ff9b:1::1", "64:ff9b:1::/64", "64:ff9b:1::/56", "64:ff9b:1::/48", logged: "64:ff9b:1::/64",
            reported: "64:ff9b:1::/48"),
        Case("::1", "::/64", "::/56", "::/48", logged: "::/64", reported: "::/48"),
    ]

    @Test("a client is counted as its own network and the wider ones around it", arguments: ClientNetworksTests.cases)
    func networks(expected: Case) throws {
        let address: IPAddress = try #require(IPAddress(parsing: expected.address))
        let networks = ClientNetworks(address)
        #expect(networks.own == expected.own)
        #expect(networks.middle == expected.middle)
        #expect(networks.widest == expected.widest)
        #expect(networks.logged == expected.logged)
        #expect(networks.reported == expected.reported)
    }

    @Test("an unknown address is one network")
    func unknown() {
        let networks = ClientNetworks(nil)
        #expect(networks.own == "unknown")
        #expect(networks.middle == nil)
        #expect(networks.widest == nil)
        #expect(networks.logged == "unknown")
        #expect(networks.reported == "unknown")
    }

    @Test("every IPv4 address is written as its description", arguments: [UInt32(0), 9, 10, 99, 100, 199, 200, 255])
    func dottedQuad(number: UInt32) {
        for shift: UInt32 in [0, 8, 16, 24] {
            let address = IPAddress.v4(number << shift | 1)
            #expect(ClientNetworks(address).own == address.description)
        }
    }
}

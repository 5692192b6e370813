import Net
import Testing

@Suite
struct AddressBlockTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let block: String
        let inside: [String]
        let outside: [String]
        var testDescription: String { block }
    }

    static let cases = [
        Case(
            block: "10.0.0.0/8", inside: ["10.0.0.0", "10.0.0.1", "10.255.255.255", "::ffff:10.1.2.3"],
            outside: ["9.255.255.255", "11.0.0.0", "::", "a00::", "0.10.0.0"]),
        Case(block: "192.0.2.0/24", inside: ["192.0.2.0", "192.0.2.255"], outside: ["192.0.1.255", "192.0.3.0"]),
        Case(
            block: "192.0.2.128/25", inside: ["192.0.2.128", "192.0.2.255"], outside: ["192.0.2.127", "192.0.3.128"]),
        Case(block: "192.0.2.1/32", inside: ["192.0.2.1"], outside: ["192.0.2.0", "192.0.2.2"]),
        Case(
            block: "192.0.2.1", inside: ["192.0.2.1", "::ffff:192.0.2.1"],
            outside: ["192.0.2.0", "192.0.2.2", "::c000:201"]),
        Case(block: "::ffff:192.0.2.1", inside: ["192.0.2.1"], outside: ["192.0.2.2"]),
        Case(
            block: "0.0.0.0/0", inside: ["0.0.0.0", "127.0.0.1", "255.255.255.255"],
            outside: ["::", "::1", "2001:db8::"]),
        Case(block: "128.0.0.0/1", inside: ["128.0.0.0", "255.255.255.255"], outside: ["127.255.255.255"]),
        Case(
            block: "2001:db8::/32", inside: ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
            outside: ["2001:db7:ffff::", "2001:db9::", "32.1.13.184"]),
        Case(
            block: "2001:DB8:1:2::/64", inside: ["2001:db8:1:2:ffff::"],
            outside: ["2001:db8:1:3::", "2001:db8:1:1:ffff::"]),
        Case(block: "fd00::/8", inside: ["fd12:3456::1"], outside: ["fc00::", "fe00::"]),
        Case(block: "::1/128", inside: ["::1"], outside: ["::", "::2", "127.0.0.1"]),
        Case(block: "::1", inside: ["::1"], outside: ["::", "::2"]),
        Case(
            block: "::/0", inside: ["::", "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
            outside: ["0.0.0.0", "::ffff:1.2.3.4"]),
    ]

    @Test("a block contains the addresses that start with its prefix", arguments: AddressBlockTests.cases)
    func contains(expected: Case) throws {
        let block = try #require(AddressBlock(parsing: expected.block))
        for text in expected.inside {
            let address = try #require(IPAddress(parsing: text))
            #expect(block.contains(address), "\(text)")
        }
        for text in expected.outside {
            let address = try #require(IPAddress(parsing: text))
            #expect(!block.contains(address), "\(text)")
        }
    }

    @Test("for each length, the prefix's last bit counts, and the bit after it does not")
    func lengths() throws {
        for length in 0...32 {
            let block = try #require(AddressBlock(parsing: "0.0.0.0/\(length)"))
            let last = IPAddress.v4(UInt32(1) << (32 - length))
            let next = IPAddress.v4(UInt32(1) << (31 - length))
            #expect(block.contains(IPAddress.v4(0)))
            #expect(!block.contains(last) || length == 0, "/\(length)")
            #expect(block.contains(next), "/\(length)")
        }
        for length in 0...128 {
            let block = try #require(AddressBlock(parsing: "::/\(length)"))
            let last = IPAddress.v6(UInt128(1) << (128 - length))
            let next = IPAddress.v6(UInt128(1) << (127 - length))
            #expect(block.contains(IPAddress.v6(0)))
            #expect(!block.contains(last) || length == 0, "/\(length)")
            #expect(block.contains(next), "/\(length)")
        }
    }

    @Test(
        "a text that is not a block, or has bits beyond the prefix, is refused",
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0 /8",
            " 10.0.0.0/8", "10.0.0.0/8 ", "10.0.0.0/a", "10.0.0.0/0x8", "10.0.0.0/８", "10.0.0.0/8/8", "10.0.0.0//8",
            "10.0.0.0/255.0.0.0", "10.0.0.0/99999999999999999999", "10.0.0/8", "10/8", "10.0.0.0:80/8", "10.0.0.0:80",
            "010.0.0.0/8", "10.0.0.256/32", "::/129", "::/", "[::]/0", "[::1]", "[::1]:80", "::1/-1", "fe80::1%eth0",
            "fe80::%eth0/64", "10.0.0.1/8", "10.0.0.1/31", "10.0.0.0/6", "128.0.0.0/0", "0.0.0.1/0", "192.0.2.1/24",
            "::1/127", "::1/0", "2001:db8::1/64", "2001:db8:0:0:8000::/64", "fd00::/7", "localhost",
            "portal.example.com", "*", "10.0.0.0-10.0.0.255", "10.0.0.0,10.0.0.1", "::ffff:10.0.0.0/104",
        ])
    func refused(text: String) {
        #expect(AddressBlock(parsing: text) == nil)
    }

    @Test("a truncated block is parsed if its address or length is complete, and no bits are beyond it")
    func beginnings() {
        let text = "192.168.0.0/16"
        let accepted = (0...text.count).filter { AddressBlock(parsing: String(text.prefix($0))) != nil }
        // The address alone, and with /16. With /1 there are bits beyond the prefix.
        #expect(accepted == [11, 14])
    }
}

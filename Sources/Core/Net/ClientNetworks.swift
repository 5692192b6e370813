/// The networks that a client is counted as, each within the next: its own, and the wider ones around it, which the same
/// person or company may have as a whole.
///
/// | address | own | middle | widest |
/// |---|---|---|---|
/// | IPv4 | the address | | `/24` |
/// | IPv6 | `/64` | `/56` | `/48` |
/// | unknown | `unknown`, which all unknown clients share | | |
///
/// An IPv6 address that stands for an IPv4 address behind NAT64 (`64:ff9b::/96`, RFC 6052 §2.1) is counted as that one.
package struct ClientNetworks: Sendable, Hashable {
    /// The network that one subscriber has: an IPv4 address, or the /64 of an IPv6 address.
    package let own: String
    /// The network around it that a subscriber may have, too; `nil` for IPv4, where there is none.
    package let middle: String?
    /// The widest network that one customer of a provider may have; `nil` if the address is unknown.
    package let widest: String?

    /// - Parameter address: the client's IP address, or `nil` if unknown.
    package init(_ address: IPAddress?) {
        switch address?.untranslated {
        case nil:
            (own, middle, widest) = ("unknown", nil, nil)
        case .v4(let bits):
            own = ClientNetworks.dottedQuad(bits, suffix: "")
            middle = nil
            widest = ClientNetworks.dottedQuad(bits & ~255, suffix: "/24")
        case .v6(let bits):
            own = ClientNetworks.block(bits, 64)
            middle = ClientNetworks.block(bits, 56)
            widest = ClientNetworks.block(bits, 48)
        }
    }

    /// The network to name in logs, so that a line does not hold the client's address: the /24 of an IPv4 address, or
    /// the /64 of an IPv6 address.
    package var logged: String { middle == nil ? widest ?? own : own }

    /// The network about which a log has one line, whatever its addresses do: the widest.
    package var bounded: String { widest ?? own }

    /// The network whose refusals are recorded as one client's: an IPv4 address, or the /48 of an IPv6 address. It has
    /// 65,536 networks of its own that could fill an audit.
    package var reported: String { middle == nil ? own : widest ?? own }

    private static func block(_ bits: UInt128, _ prefixLength: Int) -> String {
        "\(IPAddress.v6(bits & ~(UInt128.max >> prefixLength)))/\(prefixLength)"
    }

    /// An address in dotted decimal. Each request writes two, so they are written without intermediate texts.
    private static func dottedQuad(_ bits: UInt32, suffix: StaticString) -> String {
        String(unsafeUninitializedCapacity: 19) { text in
            var count = 0
            for shift in stride(from: 24, through: 0, by: -8) {
                let number = UInt8(truncatingIfNeeded: bits >> shift)
                if number >= 100 {
                    text[count] = UInt8(ascii: "0") + number / 100
                    count += 1
                }
                if number >= 10 {
                    text[count] = UInt8(ascii: "0") + number / 10 % 10
                    count += 1
                }
                text[count] = UInt8(ascii: "0") + number % 10
                text[count + 1] = UInt8(ascii: ".")
                count += 2
            }
            count -= 1
            for index in 0..<suffix.utf8CodeUnitCount {
                text[count + index] = suffix.utf8Start[index]
            }
            return count + suffix.utf8CodeUnitCount
        }
    }
}

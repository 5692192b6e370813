#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An IPv4 or IPv6 address. An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is its IPv4 address.
public enum IPAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(UInt128)

    /// Reads an address as hops and peers write them: also with a port (`192.0.2.1:80`, `[2001:db8::1]:80`) or in brackets.
    public init?(parsing text: some StringProtocol) {
        var text = text[...]
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || IPAddress.isPort(rest) else { return nil }
            text = text[text.index(after: text.startIndex)..<end]
            guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        } else if let colon = text.firstIndex(of: ":"), text.utf8.contains(UInt8(ascii: ".")),
            IPAddress.isPort(text[colon...])
        {
            text = text[..<colon]
        }
        self.init(bare: String(text))
    }

    /// Reads an address without brackets or port.
    init?(bare text: String) {
        // inet_pton stops at a zero byte, and what follows it would go unseen.
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bits = withUnsafeBytes(of: &v6) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
        self = bits >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.first == ":" && UInt16(text.dropFirst()) != nil
    }

    /// What is limited as one client: the address itself, or of an IPv6 address its /64, since a subscriber has all of it.
    public var clientNetwork: String {
        switch self {
        case .v4: description
        case .v6(let bits): IPAddress.v6((bits >> 64) << 64).description + "/64"
        }
    }

    /// Whether packets to the address never leave the host (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    public var isLoopback: Bool {
        switch self {
        case .v4(let bits): bits >> 24 == 127
        case .v6(let bits): bits == 1
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the form of RFC 5952.
    public var description: String {
        switch self {
        case .v4(let bits):
            return "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
        case .v6(let bits):
            var network = bits.bigEndian
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            // Cannot fail: the family is known and the buffer has the size that the standard names.
            inet_ntop(AF_INET6, &network, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }
}

/// A block of addresses such as `10.0.0.0/8` (RFC 4632, RFC 4291 §2.3).
public struct AddressBlock: Sendable, Hashable {
    private let address: IPAddress
    private let prefixLength: Int

    /// Reads `address/length`, or an address alone, which is a block of one. Bits beyond the prefix must be zero.
    public init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(bare: String(parts[0])) else { return nil }
        let width = if case .v4 = address { 32 } else { 128 }
        var prefixLength = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(parts[1]), length <= width
            else { return nil }
            prefixLength = length
        }
        self.address = address
        self.prefixLength = prefixLength
        guard AddressBlock.prefix(of: address, prefixLength) == address else { return nil }
    }

    public func contains(_ other: IPAddress) -> Bool {
        AddressBlock.prefix(of: other, prefixLength) == address
    }

    /// The address with all bits beyond the prefix cleared.
    private static func prefix(of address: IPAddress, _ length: Int) -> IPAddress {
        switch address {
        case .v4(let bits): .v4(length == 0 ? 0 : (bits >> (32 - length)) << (32 - length))
        case .v6(let bits): .v6(length == 0 ? 0 : (bits >> (128 - length)) << (128 - length))
        }
    }
}

import Bytes

/// A block of IP addresses, such as `10.0.0.0/8` (RFC 4632, RFC 4291 §2.3).
package enum AddressBlock: Sendable, Hashable {
    case v4(network: UInt32, mask: UInt32)
    case v6(network: UInt128, mask: UInt128)

    /// Parses `address/length`, or an address alone, which is a block of one. Bits beyond the prefix must be zero.
    /// `nil` for any other text.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(bare: parts[0]) else { return nil }
        let width = if case .v4 = address { 32 } else { 128 }
        var prefixLength = width
        if parts.count == 2 {
            guard parts[1].isASCIIDigits, let length = Int(parts[1]), length <= width else {
                return nil
            }
            prefixLength = length
        }
        switch address {
        case .v4(let bits):
            // A shift by the whole width clears all bits: Swift's `<<` does not wrap around.
            let mask = UInt32.max << (32 - prefixLength)
            guard bits & ~mask == 0 else { return nil }
            self = .v4(network: bits, mask: mask)
        case .v6(let bits):
            let mask = UInt128.max << (128 - prefixLength)
            guard bits & ~mask == 0 else { return nil }
            self = .v6(network: bits, mask: mask)
        }
    }

    /// Whether the block is so wide that it cannot be one deployment's: wider than `/8`, or than `/16` for IPv6. The
    /// whole of the private IPv6 networks (`fc00::/7`, RFC 4193) is not.
    package var isTooWide: Bool {
        switch self {
        case .v4(_, let mask): mask.nonzeroBitCount < 8
        case .v6(let network, let mask):
            mask.nonzeroBitCount < 16 && (network >> 121 != 0x7E || mask.nonzeroBitCount < 7)
        }
    }

    /// Whether the block contains an address. An IPv4 block contains no IPv6 address, and vice versa.
    package func contains(_ address: IPAddress) -> Bool {
        switch (self, address) {
        case (.v4(let network, let mask), .v4(let bits)): bits & mask == network
        case (.v6(let network, let mask), .v6(let bits)): bits & mask == network
        case (.v4, .v6), (.v6, .v4): false
        }
    }
}

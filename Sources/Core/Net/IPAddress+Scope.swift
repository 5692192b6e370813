extension IPAddress {
    /// The IPv4 address of a client behind NAT64, if this is one that stands for it (`64:ff9b::/96`, RFC 6052 §2.1);
    /// otherwise the address itself.
    package var untranslated: IPAddress {
        guard case .v6(let bits) = self, bits >> 32 == IPAddress.nat64 else { return self }
        return .v4(UInt32(truncatingIfNeeded: bits))
    }

    /// The first 96 bits of `64:ff9b::/96`.
    private static let nat64: UInt128 = 0x0064_FF9B << 64

    /// Whether the address is one of a private network or of the host itself, which no client on the internet has: RFC
    /// 1918, RFC 6598, link-local (RFC 3927, RFC 4291 §2.5.6), unique local (RFC 4193) and loopback addresses.
    package var isPrivate: Bool {
        switch self {
        case .v4(let bits):
            isLoopback || bits >> 24 == 10 || bits >> 20 == 0xAC1 || bits >> 16 == 0xC0A8 || bits >> 22 == 0x191
                || bits >> 16 == 0xA9FE
        case .v6(let bits):
            isLoopback || bits >> 121 == 0x7E || bits >> 118 == 0x3FA
        }
    }
}

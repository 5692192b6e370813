extension IPAddress {
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

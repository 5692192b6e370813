import Bytes
import Platform

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is parsed as its IPv4 address.
package enum IPAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(UInt128)

    /// Parses an address as proxies and sockets write it: alone, with a port (`192.0.2.1:80`, `[2001:db8::1]:80`), or
    /// in brackets (`[2001:db8::1]`). `nil` for any other text.
    package init?(parsing text: Substring) {
        if let address = IPAddress(bare: text) {
            self = address
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let hasPort = text.last != "]"
        if hasPort, !IPAddress.isPort(text[text.index(after: colon)...]) { return nil }
        let host = hasPort ? text[..<colon] : text[...]
        if host.first == "[", host.last == "]" {
            let inner = host.dropFirst().dropLast()
            guard inner.utf8.contains(UInt8(ascii: ":")), let address = IPAddress(bare: inner) else { return nil }
            self = address
        } else {
            guard let address = IPAddress(bare: host), case .v4 = address else { return nil }
            self = address
        }
    }

    /// Parses an address as proxies and sockets write it; `nil` for any other text.
    package init?(parsing text: String) {
        self.init(parsing: text[...])
    }

    /// Parses an address without brackets or port; `nil` for any other text.
    package init?(bare text: Substring) {
        if let v4 = IPAddress.dottedQuad(text.utf8) {
            self = .v4(v4)
            return
        }
        // inet_pton stops at a zero byte, so it would accept a text with anything after one.
        guard text.utf8.contains(UInt8(ascii: ":")), !text.utf8.contains(0) else { return nil }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, String(text), &v6) == 1 else { return nil }
        let bits = withUnsafeBytes(of: &v6) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
        self = bits >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: bits)) : .v6(bits)
    }

    /// Parses four numbers from 0 to 255 separated by dots, without leading zeros, which some programs read as octal.
    /// `nil` for any other text.
    private static func dottedQuad(_ bytes: Substring.UTF8View) -> UInt32? {
        var address: UInt32 = 0
        var number: UInt32 = 0
        var digitCount = 0
        var dotCount = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digitCount == 0 || number > 0 else { return nil }
                number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
                digitCount += 1
                guard number <= 255 else { return nil }
            case UInt8(ascii: "."):
                guard digitCount > 0, dotCount < 3 else { return nil }
                address = address << 8 | number
                (number, digitCount, dotCount) = (0, 0, dotCount + 1)
            default:
                return nil
            }
        }
        return dotCount == 3 && digitCount > 0 ? address << 8 | number : nil
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isASCIIDigits && UInt16(text) != nil
    }

    /// Whether packets to the address never leave the host (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    package var isLoopback: Bool {
        switch self {
        case .v4(let bits): bits >> 24 == 127
        case .v6(let bits): bits == 1
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The address in dotted decimal, or in the form of RFC 5952 for IPv6.
    package var description: String {
        switch self {
        case .v4(let bits):
            return "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
        case .v6(let bits):
            var network = bits.bigEndian
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            // Cannot fail: the address family is valid, and the buffer has the size that POSIX requires.
            inet_ntop(AF_INET6, &network, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }
}

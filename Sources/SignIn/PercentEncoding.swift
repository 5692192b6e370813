import Validation

/// Bytes with each percent escape replaced by the byte that it stands for (RFC 3986 §2.1). A `%` that starts no escape
/// stays.
package func percentDecoded(_ bytes: [UInt8]) -> [UInt8] {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
            let high = hexadecimalValue(bytes[index + 1]), let low = hexadecimalValue(bytes[index + 2])
        {
            decoded.append(high << 4 | low)
            index += 3
        } else {
            decoded.append(bytes[index])
            index += 1
        }
    }
    return decoded
}

/// A text as one value of a query: all but unreserved characters escaped (RFC 3986 §2.3).
package func percentEncoded(_ text: String) -> String {
    String(unsafeUninitializedCapacity: text.utf8.count * 3) { encoded in
        var count = 0
        for byte in text.utf8 {
            if byte.isUnreserved {
                encoded[count] = byte
                count += 1
            } else {
                encoded[count] = UInt8(ascii: "%")
                encoded[count + 1] = .hexadecimalDigit(byte >> 4)
                encoded[count + 2] = .hexadecimalDigit(byte & 15)
                count += 3
            }
        }
        return count
    }
}

extension UInt8 {
    /// Whether the byte may stand in a URL for nothing but itself (RFC 3986 §2.3).
    var isUnreserved: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: isASCIILetter || isASCIIDigit
        }
    }
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// Bytes with each percent escape replaced by the byte that it encodes (RFC 3986 §2.1). A `%` that does not start an
/// escape is kept.
package func percentDecoded(_ bytes: [UInt8]) -> [UInt8] {
    decoded(bytes).bytes
}

/// Bytes with each percent escape replaced by the byte that it encodes (RFC 3986 §2.1); `nil` if a `%` does not start
/// an escape.
package func strictlyPercentDecoded(_ bytes: [UInt8]) -> [UInt8]? {
    let (decoded, isValid) = decoded(bytes)
    return isValid ? decoded : nil
}

private func decoded(_ bytes: [UInt8]) -> (bytes: [UInt8], isValid: Bool) {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var isValid = true
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = bytes[index + 1].hexadecimalValue,
            let low = bytes[index + 2].hexadecimalValue
        {
            decoded.append(high << 4 | low)
            index += 3
        } else {
            if bytes[index] == UInt8(ascii: "%") { isValid = false }
            decoded.append(bytes[index])
            index += 1
        }
    }
    return (decoded, isValid)
}

/// A text as one value of a query: all bytes but unreserved characters are escaped (RFC 3986 §2.3).
package func percentEncoded(_ text: String) -> String {
    String(unsafeUninitializedCapacity: text.utf8.count * 3) { encoded in
        var count = 0
        for byte in text.utf8 {
            if byte.isUnreserved {
                encoded[count] = byte
                count += 1
            } else {
                encoded[count] = UInt8(ascii: "%")
                encoded[count + 1] = .uppercaseHexadecimalDigit(byte >> 4)
                encoded[count + 2] = .uppercaseHexadecimalDigit(byte & 15)
                count += 3
            }
        }
        return count
    }
}

extension UInt8 {
    /// Whether the byte needs no escape in a URL (RFC 3986 §2.3).
    package var isUnreserved: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: isASCIILetter || isASCIIDigit
        }
    }
}

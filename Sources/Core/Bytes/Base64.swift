/// Bytes as base64 with padding (RFC 4648 §4).
package func base64(_ bytes: UnsafeRawBufferPointer) -> String {
    encoded(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", isPadded: true)
}

/// Bytes as base64url without padding (RFC 4648 §5).
package func base64URL(_ bytes: UnsafeRawBufferPointer) -> String {
    encoded(bytes, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", isPadded: false)
}

/// The bytes of a base64 text with padding (RFC 4648 §4); `nil` if the text is empty or malformed.
package func bytes(base64 text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    let padding = digits.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard !digits.isEmpty, digits.count.isMultiple(of: 4) else { return nil }
    return decoded(digits.dropLast(padding), UInt8(ascii: "+"), UInt8(ascii: "/"))
}

/// The bytes of a base64url text without padding (RFC 4648 §5); `nil` if the text is empty or malformed.
package func bytes(base64URL text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    // A last group of one character has 6 bits: too few for a byte.
    guard !digits.isEmpty, digits.count % 4 != 1 else { return nil }
    return decoded(digits[...], UInt8(ascii: "-"), UInt8(ascii: "_"))
}

private func encoded(_ bytes: UnsafeRawBufferPointer, _ alphabet: StaticString, isPadded: Bool) -> String {
    String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
        alphabet.withUTF8Buffer { digits in
            var (start, count) = (0, 0)
            while start + 3 <= bytes.count {
                let bits = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
                text[count] = digits[bits >> 18]
                text[count + 1] = digits[bits >> 12 & 63]
                text[count + 2] = digits[bits >> 6 & 63]
                text[count + 3] = digits[bits & 63]
                start += 3
                count += 4
            }
            guard start < bytes.count else { return count }
            // One or two bytes are left, which two or three digits hold.
            let isLast = start + 1 == bytes.count
            let bits = Int(bytes[start]) << 16 | (isLast ? 0 : Int(bytes[start + 1]) << 8)
            text[count] = digits[bits >> 18]
            text[count + 1] = digits[bits >> 12 & 63]
            if !isLast { text[count + 2] = digits[bits >> 6 & 63] }
            count += isLast ? 2 : 3
            guard isPadded else { return count }
            while count % 4 != 0 {
                text[count] = UInt8(ascii: "=")
                count += 1
            }
            return count
        }
    }
}

/// Decodes digits without padding; `nil` if one is not in the alphabet.
/// - Parameters:
///   - plus: the digit for 62.
///   - slash: the digit for 63.
private func decoded(_ digits: ArraySlice<UInt8>, _ plus: UInt8, _ slash: UInt8) -> [UInt8]? {
    var bytes: [UInt8] = []
    // The array must not reallocate: the bytes may be a secret, and a copy would stay in the freed memory.
    bytes.reserveCapacity(digits.count * 3 / 4)
    var bits: UInt32 = 0
    var bitCount = 0
    for digit in digits {
        let value: UInt8
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
        case plus: value = 62
        case slash: value = 63
        default: return nil
        }
        bits = bits << 6 | UInt32(value)
        bitCount += 6
        guard bitCount >= 8 else { continue }
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
    }
    return bytes
}

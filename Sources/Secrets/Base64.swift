import COpenSSL

extension Secret {
    /// The bytes of a base64 text with padding (RFC 4648 §4); `nil` where it is none.
    public convenience init?(base64 text: String) {
        let text = Array(text.utf8)
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        // EVP_DecodeBlock forgives blanks, and padding anywhere, so what it is given is checked before.
        guard !text.isEmpty, text.count.isMultiple(of: 4), text.dropLast(padding).allSatisfy(isBase64Digit) else {
            return nil
        }
        var decoded: [UInt8] = Array(repeating: 0, count: text.count / 4 * 3)
        let count = EVP_DecodeBlock(&decoded, text, CInt(text.count))
        guard count == decoded.count else { return nil }
        // It leaves the padding's zero bytes in.
        decoded.removeLast(padding)
        self.init(wiping: &decoded)
    }

    /// The bytes of a base64url text without padding (RFC 4648 §5); `nil` where it is none.
    public convenience init?(base64URL text: String) {
        // One character beyond a multiple of four holds no byte.
        guard text.utf8.count % 4 != 1, !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        let standard = text.utf8.map { byte in
            byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
        }
        let padding = String(repeating: "=", count: (4 - standard.count % 4) % 4)
        self.init(base64: String(decoding: standard, as: UTF8.self) + padding)
    }
}

private func isBase64Digit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        true
    default: false
    }
}

/// Bytes as base64 with padding (RFC 4648 §4).
public func base64(_ bytes: UnsafeRawBufferPointer) -> String {
    // EVP_EncodeBlock writes a zero byte behind the text.
    String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4 + 1) { text in
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return Int(EVP_EncodeBlock(text.baseAddress, start, CInt(bytes.count)))
    }
}

/// Bytes as base64url without padding (RFC 4648 §5).
public func base64URL(_ bytes: UnsafeRawBufferPointer) -> String {
    // EVP_EncodeBlock writes a zero byte behind the text.
    String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4 + 1) { text in
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        var count = Int(EVP_EncodeBlock(text.baseAddress, start, CInt(bytes.count)))
        while count > 0, text[count - 1] == UInt8(ascii: "=") { count -= 1 }
        for index in 0..<count {
            switch text[index] {
            case UInt8(ascii: "+"): text[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): text[index] = UInt8(ascii: "_")
            default: break
            }
        }
        return count
    }
}

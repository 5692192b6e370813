/// Bytes as hexadecimal: two lower-case digits each.
///
/// Inlinable, so that other modules get specialised code: each request calls it several times.
@inlinable
package func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { text in
        var index = 0
        for byte in bytes {
            text[index] = .lowercaseHexadecimalDigit(byte >> 4)
            text[index + 1] = .lowercaseHexadecimalDigit(byte & 15)
            index += 2
        }
        return index
    }
}

extension UInt8 {
    /// The digit of a value from 0 to 15, in lower case.
    @inlinable package static func lowercaseHexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The digit of a value from 0 to 15, in upper case.
    @inlinable package static func uppercaseHexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    /// The value of a hexadecimal digit in either case, 0 to 15; `nil` for any other byte.
    @inlinable package var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

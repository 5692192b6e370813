extension UInt8 {
    /// `A` to `Z`, `a` to `z`.
    @inlinable package var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    /// `0` to `9`.
    @inlinable package var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// `!` to `~`: ASCII without spaces and control characters.
    @inlinable package var isVisibleASCII: Bool { (0x21...0x7E).contains(self) }

    /// The lower-case letter of an ASCII letter; any other byte unchanged.
    @inlinable package var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}

extension StringProtocol {
    /// Whether all UTF-8 bytes of the text are ASCII digits; `true` for an empty text.
    ///
    /// Check this before `Int(text)`, which also accepts a sign.
    @inlinable package var isASCIIDigits: Bool { utf8.allSatisfy(\.isASCIIDigit) }

    /// Whether all UTF-8 bytes of the text are visible ASCII; `true` for an empty text.
    @inlinable package var isVisibleASCII: Bool { utf8.allSatisfy(\.isVisibleASCII) }
}

extension Substring {
    /// The text without leading and trailing spaces and tabs (OWS, RFC 9110 §5.6.3).
    @inlinable package func trimmingWhitespace() -> Substring {
        var bytes = utf8
        while bytes.first == 0x20 || bytes.first == 0x09 { bytes.removeFirst() }
        while bytes.last == 0x20 || bytes.last == 0x09 { bytes.removeLast() }
        return Substring(bytes)
    }
}

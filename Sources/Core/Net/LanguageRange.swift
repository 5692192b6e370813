import Bytes

/// One item of `Accept-Language`: a language range with its weight (RFC 9110 §12.5.4).
struct LanguageRange {
    /// A basic language range in lower case: subtags, or `*` (RFC 4647 §2.1). Subtags beyond the length that a language
    /// tag can have are left out.
    let text: String
    /// The weight in thousandths, 0 to 1000. A language with the weight 0 is not acceptable.
    let weight: Int

    /// Reads an item such as `de-AT` or `fr;q=0.8`. An underscore is read as a hyphen. Returns `nil` if it is malformed.
    init?(parsing item: Slice<UnsafeBufferPointer<UInt8>>) {
        let range = item.prefix { $0 != UInt8(ascii: ";") }
        if range.endIndex == item.endIndex {
            weight = 1000
        } else {
            let parameter = item[range.endIndex...].dropFirst()
            guard let weight = LanguageRange.weight(LanguageRange.trimmed(parameter)) else { return nil }
            self.weight = weight
        }
        guard let text = LanguageRange.text(LanguageRange.trimmed(range)) else { return nil }
        self.text = text
    }

    /// Returns bytes without spaces and tabs at their ends (OWS, RFC 9110 §5.6.3).
    static func trimmed(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>> {
        var bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        while bytes.last == 0x20 || bytes.last == 0x09 { bytes.removeLast() }
        return bytes
    }

    /// Returns the range in lower case; `nil` if it is malformed.
    private static func text(_ range: Slice<UnsafeBufferPointer<UInt8>>) -> String? {
        if range.count == 1, range.first == UInt8(ascii: "*") { return "*" }
        // The length of the subtags that fit into a tag, and of the subtag at hand.
        var (length, subtagLength) = (0, 0)
        for (offset, byte) in range.enumerated() {
            if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") {
                guard subtagLength > 0 else { return nil }
                if offset <= Language.maximumLength { length = offset }
                subtagLength = 0
            } else {
                // The first subtag has only letters.
                guard byte.isASCIILetter || byte.isASCIIDigit && subtagLength < offset else { return nil }
                subtagLength += 1
                guard subtagLength <= 8 else { return nil }
            }
        }
        guard subtagLength > 0 else { return nil }
        if range.count <= Language.maximumLength { length = range.count }
        return String(unsafeUninitializedCapacity: length) { text in
            for (index, byte) in range.prefix(length).enumerated() {
                text[index] = byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte.asciiLowercased
            }
            return length
        }
    }

    /// Returns a weight such as `q=0.8`, in thousandths (RFC 9110 §12.4.2); `nil` if it is malformed.
    private static func weight(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard (3...7).contains(text.count) else { return nil }
        let bytes = UnsafeBufferPointer(rebasing: text)
        guard bytes[0].asciiLowercased == UInt8(ascii: "q"), bytes[1] == UInt8(ascii: "="),
            bytes[2] == UInt8(ascii: "0") || bytes[2] == UInt8(ascii: "1"),
            bytes.count == 3 || bytes[3] == UInt8(ascii: ".")
        else { return nil }
        var thousandths = Int(bytes[2] - UInt8(ascii: "0")) * 1000
        var worth = 100
        for digit in bytes.dropFirst(4) {
            guard digit.isASCIIDigit else { return nil }
            thousandths += Int(digit - UInt8(ascii: "0")) * worth
            worth /= 10
        }
        return thousandths <= 1000 ? thousandths : nil
    }
}

/// The language ranges of an `Accept-Language` field: those of its first 32 items that are well-formed.
struct LanguageRanges: Sequence, IteratorProtocol {
    private var rest: Slice<UnsafeBufferPointer<UInt8>>
    private var unreadCount = 32

    /// - Parameter field: the field's value, which outlives the sequence.
    init(_ field: UnsafeBufferPointer<UInt8>) {
        rest = field[...]
    }

    mutating func next() -> LanguageRange? {
        while !rest.isEmpty, unreadCount > 0 {
            let item = rest.prefix { $0 != UInt8(ascii: ",") }
            rest = rest[item.endIndex...].dropFirst()
            let trimmed = LanguageRange.trimmed(item)
            // A list may have empty items, which do not count (RFC 9110 §5.6.1.2).
            guard !trimmed.isEmpty else { continue }
            unreadCount -= 1
            if let range = LanguageRange(parsing: trimmed) { return range }
        }
        return nil
    }
}

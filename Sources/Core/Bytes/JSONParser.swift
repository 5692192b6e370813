extension JSONValue {
    /// Parses one JSON text in UTF-8, strictly by RFC 8259: only whitespace before and after the value, no byte order
    /// mark, no comments, no trailing commas, no lone surrogates. A name may occur once in an object: parsers differ in
    /// which of several counts (§4), so one before or behind this one could read another value.
    /// - Parameters:
    ///   - bytes: the whole text; the caller limits its size.
    ///   - maximumDepth: the maximum nesting of arrays and objects; `{}` has depth 1.
    /// - Throws: ``JSONError`` for the first error in the text.
    package init(parsing bytes: [UInt8], maximumDepth: Int = 16) throws(JSONError) {
        // Validated as a whole first, so that every run of bytes between two ASCII characters is valid UTF-8.
        guard (try? UTF8Span(validating: bytes.span)) != nil else { throw .notUTF8 }
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        self = try parser.text()
    }
}

/// A recursive descent parser of a JSON text. `offset` is the next byte to read.
private struct JSONParser {
    private let bytes: [UInt8]
    private let maximumDepth: Int
    private var offset = 0

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func text() throws(JSONError) -> JSONValue {
        skipWhitespace()
        guard offset < bytes.count else { throw .empty }
        let value = try value(depth: 0)
        skipWhitespace()
        guard offset == bytes.count else { throw malformed }
        return value
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        switch next {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        guard depth <= maximumDepth else { throw .tooDeep(limit: maximumDepth) }
        var object = JSONObject(capacity: 4)
        offset += 1
        skipWhitespace()
        if take(UInt8(ascii: "}")) { return object }
        repeat {
            skipWhitespace()
            guard next == UInt8(ascii: "\"") else { throw malformed }
            let name = try string()
            skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw malformed }
            skipWhitespace()
            object.append(name, try value(depth: depth))
            skipWhitespace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw malformed }
        guard !object.hasRepeatedName else { throw .repeatedMember(offset: offset) }
        return object
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        guard depth <= maximumDepth else { throw .tooDeep(limit: maximumDepth) }
        var elements: [JSONValue] = []
        offset += 1
        skipWhitespace()
        if take(UInt8(ascii: "]")) { return elements }
        repeat {
            skipWhitespace()
            elements.append(try value(depth: depth))
            skipWhitespace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw malformed }
        return elements
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let isNext = word.withUTF8Buffer { bytes[offset...].starts(with: $0) }
        guard isNext else { throw malformed }
        offset += word.utf8CodeUnitCount
        return value
    }

    /// RFC 8259 §6: an optional minus, digits without a leading zero, a fraction, an exponent.
    private mutating func number() throws(JSONError) -> Double {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        // Digits of this form are always a number; one beyond a double's range is infinite.
        return Double(String(decoding: bytes[start..<offset], as: UTF8.self)) ?? .infinity
    }

    private mutating func digits() throws(JSONError) {
        let start = offset
        while let byte = next, byte.isASCIIDigit { offset += 1 }
        guard offset > start else { throw malformed }
    }

    // MARK: - Strings

    private mutating func string() throws(JSONError) -> String {
        offset += 1
        let start = offset
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(decoding: bytes[start..<(offset - 1)], as: UTF8.self)
            case UInt8(ascii: "\\"):
                return try escapedString(from: start)
            case 0..<0x20:
                throw malformed
            default:
                offset += 1
            }
        }
        throw malformed
    }

    /// Reads the rest of a string, from its first escape on.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<offset])
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                offset += 1
                text.append(contentsOf: Character(try escape()).utf8)
            case 0..<0x20:
                throw malformed
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw malformed
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = next else { throw malformed }
        if byte == UInt8(ascii: "u") {
            offset += 1
            return try unicodeEscape()
        }
        let scalar: Unicode.Scalar
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): scalar = Unicode.Scalar(byte)
        case UInt8(ascii: "b"): scalar = "\u{8}"
        case UInt8(ascii: "f"): scalar = "\u{C}"
        case UInt8(ascii: "n"): scalar = "\n"
        case UInt8(ascii: "r"): scalar = "\r"
        case UInt8(ascii: "t"): scalar = "\t"
        default: throw malformed
        }
        offset += 1
        return scalar
    }

    /// Reads the scalar of one `\u` escape, or of two that are a surrogate pair.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexadecimalDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw malformed }
        let second = try fourHexadecimalDigits()
        guard (0xDC00...0xDFFF).contains(second) else { throw malformed }
        // Two surrogates in this order are always a scalar (Unicode §3.9, table 3-5).
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))!
    }

    private mutating func fourHexadecimalDigits() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next?.hexadecimalValue else { throw malformed }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    // MARK: - Bytes

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private var malformed: JSONError { .malformed(offset: offset) }

    /// Skips the next byte if it is `byte`. Returns whether it was.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }
}

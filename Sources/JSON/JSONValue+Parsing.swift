import FoundationEssentials

/// Why bytes are not a JSON text that is accepted. Its description is a sentence for the person who sent them.
public enum JSONError: Error, Equatable, CustomStringConvertible {
    /// There is nothing, or only blanks.
    case empty
    /// The bytes are not UTF-8 (RFC 8259 §8.1).
    case notUTF8
    /// The text is not JSON (RFC 8259 §2).
    case malformed
    /// Arrays and objects nest deeper than `limit`.
    case tooDeep(limit: Int)

    public var description: String {
        switch self {
        case .empty: "The body is empty; send a JSON object"
        case .notUTF8: "The body is not UTF-8 text"
        case .malformed: "The body is not valid JSON"
        case .tooDeep(let limit): "The body nests deeper than \(limit) levels"
        }
    }
}

extension JSONValue {
    /// Reads one JSON text in UTF-8.
    ///
    /// Depth is counted before anything is decoded, so that hostile nesting costs one pass over its bytes and no stack.
    /// - Parameters:
    ///   - bytes: the whole text; its size is the caller's to bound.
    ///   - maximumDepth: how deep arrays and objects may nest; `{}` is 1 deep.
    /// - Throws: ``JSONError``, by the first of its rules that is broken.
    public init(parsing bytes: [UInt8], maximumDepth: Int = 16) throws(JSONError) {
        guard bytes.contains(where: { !JSONValue.blanks.contains($0) }) else { throw .empty }
        guard (try? UTF8Span(validating: bytes.span)) != nil else { throw .notUTF8 }
        // The decoder would take zero bytes for a sign of UTF-16 or UTF-32; in UTF-8 no JSON text holds one.
        guard !bytes.contains(0) else { throw .malformed }
        guard JSONValue.depth(of: bytes) <= maximumDepth else { throw .tooDeep(limit: maximumDepth) }
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else { throw .malformed }
        self = value
    }

    private static let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]

    /// How deep brackets nest outside strings; of a text that is not JSON, at least as deep as a decoder would follow it.
    private static func depth(of bytes: [UInt8]) -> Int {
        var depth = 0
        var deepest = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
            default:
                break
            }
        }
        return deepest
    }
}

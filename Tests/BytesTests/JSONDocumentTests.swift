import Bytes
import TestSupport
import Testing

@Suite
struct JSONDocumentTests {
    @Test("a random document is parsed to the value that it was written from", arguments: UInt64(0)..<20)
    func model(seed: UInt64) throws {
        for number in UInt64(0)..<100 {
            var document = Document(seed: seed * 1000 + number)
            let expected = document.value(depth: 4)
            document.whitespace()
            let read = try JSONValue(parsing: document.bytes)
            #expect(read == expected, "\(String(decoding: document.bytes, as: UTF8.self))")
        }
    }
}

/// Writes a random JSON text, and returns the value that it represents.
private struct Document {
    private(set) var bytes: [UInt8] = []
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        whitespace()
    }

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random) {
        case 0:
            write("null")
            return .null
        case 1:
            let value = Bool.random(using: &random)
            write(value ? "true" : "false")
            return .boolean(value)
        case 2, 3: return .number(number())
        case 4: return .string(string())
        case 5, 6: return array(depth: depth)
        default: return object(depth: depth)
        }
    }

    private mutating func array(depth: Int) -> JSONValue {
        var elements: [JSONValue] = []
        write("[")
        whitespace()
        for index in 0..<Int.random(in: 0...4, using: &random) {
            if index > 0 { separator(",") }
            elements.append(value(depth: depth - 1))
        }
        whitespace()
        write("]")
        return .array(elements)
    }

    private mutating func object(depth: Int) -> JSONValue {
        var members = JSONObject()
        write("{")
        whitespace()
        for index in 0..<Int.random(in: 0...4, using: &random) {
            if index > 0 { separator(",") }
            let name = name(index)
            separator(":")
            members.append(name, value(depth: depth - 1))
        }
        whitespace()
        write("}")
        return .object(members)
    }

    /// A name that no other member of its object has: a random text that ends with the member's number.
    private mutating func name(_ index: Int) -> String {
        let text = string()
        bytes.removeLast()
        write("\(index)\"")
        return text + "\(index)"
    }

    /// A number that a double holds exactly.
    private mutating func number() -> Double {
        let whole = Int.random(in: -9999...9999, using: &random)
        let exponent = Int.random(in: 0...5, using: &random)
        let factor = [1.0, 10, 100, 1000, 10_000, 100_000][exponent]
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            write("\(whole)")
            return Double(whole)
        case 1:
            write("\(whole)\(Bool.random(using: &random) ? "e" : "E+")\(exponent)")
            return Double(whole) * factor
        case 2:
            write("\(whole * 100_000)e-\(exponent)")
            return Double(whole * 100_000) / factor
        default:
            write("\(whole).50")
            return whole < 0 ? Double(whole) - 0.5 : Double(whole) + 0.5
        }
    }

    private mutating func string() -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "Z", "7", " ", "\"", "\\", "/", "\n", "\t", "\0", "\u{1F}", "\u{7F}", "\u{80}", "é", "ß", "€",
            "\u{2028}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "😀", "\u{10FFFF}",
        ]
        var string = String.UnicodeScalarView()
        write("\"")
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            // Not empty.
            let scalar = scalars.randomElement(using: &random)!
            string.append(scalar)
            let mustBeEscaped = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustBeEscaped || Bool.random(using: &random) {
                write(escaping: scalar)
            } else {
                write(String(scalar))
            }
        }
        write("\"")
        return String(string)
    }

    private mutating func write(escaping scalar: Unicode.Scalar) {
        let short: [Unicode.Scalar: String] = ["\"": "\\\"", "\\": "\\\\", "/": "\\/", "\n": "\\n", "\t": "\\t"]
        if let escape = short[scalar], Bool.random(using: &random) {
            write(escape)
            return
        }
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
            write("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
        }
    }

    private mutating func separator(_ text: String) {
        whitespace()
        write(text)
        whitespace()
    }

    /// Writes some of the whitespace that RFC 8259 §2 allows, or nothing.
    mutating func whitespace() {
        for _ in 0..<(Bool.random(using: &random) ? 0 : Int.random(in: 1...3, using: &random)) {
            // Not empty.
            write([" ", "\t", "\r", "\n"].randomElement(using: &random)!)
        }
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}

import Bytes
import Testing

@Suite
struct JSONDepthTests {
    /// What opens a level, and what closes it.
    static let levels = [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]"), (" [ ", " ] ")]

    /// A text with so many levels. An object's innermost member is 0.
    private func nested(_ level: (String, String), _ count: Int) -> [UInt8] {
        Array((String(repeating: level.0, count: count) + "0" + String(repeating: level.1, count: count)).utf8)
    }

    @Test("at the limit a text is accepted, one level beyond it is refused", arguments: JSONDepthTests.levels)
    func limit(opening: String, closing: String) throws {
        let depth = opening == #"[{"a":"# ? 2 : 1
        for count in 1...20 {
            let bytes = nested((opening, closing), count)
            _ = try JSONValue(parsing: bytes, maximumDepth: count * depth)
            #expect(throws: JSONError.tooDeep(limit: count * depth - 1)) {
                try JSONValue(parsing: bytes, maximumDepth: count * depth - 1)
            }
        }
    }

    @Test("where nothing else is said, 16 levels are the limit")
    func standard() throws {
        _ = try JSONValue(parsing: nested(("[", "]"), 16))
        #expect(throws: JSONError.tooDeep(limit: 16)) { try JSONValue(parsing: nested(("[", "]"), 17)) }
    }

    @Test("values beside each other do not add up")
    func siblings() throws {
        let text = "[" + Array(repeating: "[],{}", count: 1000).joined(separator: ",") + "]"
        guard case .array(let elements) = try JSONValue(parsing: Array(text.utf8), maximumDepth: 2) else {
            Issue.record("not an array")
            return
        }
        #expect(elements.count == 2000)
    }

    @Test("a limit of none lets values through that do not nest")
    func nothing() throws {
        #expect(try JSONValue(parsing: Array("1".utf8), maximumDepth: 0) == .number(1))
        #expect(throws: JSONError.tooDeep(limit: 0)) { try JSONValue(parsing: Array("[]".utf8), maximumDepth: 0) }
        #expect(throws: JSONError.tooDeep(limit: 0)) { try JSONValue(parsing: Array("{}".utf8), maximumDepth: 0) }
    }

    @Test("a million open brackets are refused without exhausting the stack", arguments: ["[", #"{"a":"#, #"[{"":"#])
    func bomb(opening: String) {
        let bytes = Array(String(repeating: opening, count: 1_000_000).utf8)
        #expect(throws: JSONError.tooDeep(limit: 16)) { try JSONValue(parsing: bytes) }
    }
}

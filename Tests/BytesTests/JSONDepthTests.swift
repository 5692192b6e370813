import Bytes
import Testing

@Suite
struct JSONDepthTests {
    /// Texts that open a level, and those that close it.
    static let levels = [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]"), (" [ ", " ] ")]

    /// A text with `count` levels around the number 0.
    private func nested(_ level: (String, String), _ count: Int) -> [UInt8] {
        Array((String(repeating: level.0, count: count) + "0" + String(repeating: level.1, count: count)).utf8)
    }

    @Test("a text nested to the limit is accepted, and one nested deeper is refused", arguments: JSONDepthTests.levels)
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

    @Test("the default limit is 16 levels")
    func standard() throws {
        _ = try JSONValue(parsing: nested(("[", "]"), 16))
        #expect(throws: JSONError.tooDeep(limit: 16)) { try JSONValue(parsing: nested(("[", "]"), 17)) }
    }

    @Test("the levels of sibling values do not add up")
    func siblings() throws {
        let text = "[" + Array(repeating: "[],{}", count: 1000).joined(separator: ",") + "]"
        guard case .array(let elements) = try JSONValue(parsing: Array(text.utf8), maximumDepth: 2) else {
            Issue.record("not an array")
            return
        }
        #expect(elements.count == 2000)
    }

    @Test("a limit of 0 allows only values that are not arrays or objects")
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

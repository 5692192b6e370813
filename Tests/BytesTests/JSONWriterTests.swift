import Bytes
import Foundation
import Testing

@Suite
struct JSONWriterTests {
    @Test("members are written in their order, with commas between them at each level")
    func members() {
        var writer = JSONWriter()
        writer.member("text", "a")
        writer.member("whole", -12)
        writer.member("yes", true)
        writer.member("no", false)
        writer.member("object") { object in
            object.member("inner", "b")
            object.member("empty") { _ in }
        }
        writer.member("list", forEach: [1, 2]) { element, number in
            element.member("i", number)
            element.member("double", number * 2)
        }
        writer.member("none", forEach: [Int]()) { element, number in element.member("i", number) }
        writer.member("last", 0)
        let expected = [
            #"{"text":"a","whole":-12,"yes":true,"no":false,"object":{"inner":"b","empty":{}},"#,
            #""list":[{"i":1,"double":2},{"i":2,"double":4}],"none":[],"last":0}"#,
        ].joined()
        #expect(String(decoding: writer.finish(), as: UTF8.self) == expected)
    }

    @Test("an object without members is written")
    func empty() {
        var writer = JSONWriter()
        #expect(String(decoding: writer.finish(), as: UTF8.self) == "{}")
    }

    @Test("whole numbers are written with all their digits", arguments: [0, 1, -1, Int.max, Int.min])
    func wholeNumbers(number: Int) {
        var writer = JSONWriter()
        writer.member("n", number)
        #expect(String(decoding: writer.finish(), as: UTF8.self) == "{\"n\":\(number)}")
    }

    @Test("quotation marks, backslashes and control characters are escaped")
    func escapes() {
        var writer = JSONWriter()
        writer.member("a\"b", "\\ \" \n \u{0} \u{1F} \u{7F} / é \u{2028}")
        let expected = #"{"a\"b":"\\ \" \u000a \u0000 \u001f \u007f / é "# + "\u{2028}\"}"
        #expect(String(decoding: writer.finish(), as: UTF8.self) == expected)
    }

    static let nastyTexts = [
        "", " ", "\"", "\\", "\"\\\"", "\\u0000", "\\n", "\n", "\r\n", "\t", "\0", "a\0b", "\u{8}\u{C}", "\u{1B}[31m",
        "\u{7F}", "\u{80}\u{9F}", "</script>", "<!--", "{\"a\":1}", "\",\"b\":\"", "é", "e\u{301}", "€", "𝄞", "👩‍👩‍👧",
        "\u{2028}\u{2029}", "a\u{FEFF}", "\u{FFFD}", "\u{FFFE}\u{FFFF}", "\u{10FFFF}", "\u{202E}abc", "/../", "'",
        "%00", "\u{D7FF}\u{E000}",
        String(repeating: "\"\\\n", count: 1000),
    ]

    @Test("Foundation reads back any text that is written as a value", arguments: JSONWriterTests.nastyTexts)
    func values(text: String) throws {
        var writer = JSONWriter()
        writer.member("before", 1)
        writer.member("value", text)
        writer.member("after", 2)
        let object = try readByFoundation(writer.finish())
        #expect(object.count == 3)
        #expect((object["value"] as? String).map { Array($0.utf8) } == Array(text.utf8))
        #expect(object["after"] as? Int == 2)
    }

    @Test("Foundation reads back any text that is written as a name", arguments: JSONWriterTests.nastyTexts)
    func names(text: String) throws {
        var writer = JSONWriter()
        writer.member(text, "value")
        let object = try readByFoundation(writer.finish())
        #expect(object.keys.map { Array($0.utf8) } == [Array(text.utf8)])
    }

    @Test("every character up to U+02FF is read back, and C0 and DEL are written as escapes")
    func everyCharacter() throws {
        for value in UInt32(0)...0x2FF {
            // Below the surrogates every number is a scalar.
            let text = String(Unicode.Scalar(value)!)
            var writer = JSONWriter()
            writer.member("c", text)
            let bytes = writer.finish()
            #expect(bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "U+\(String(value, radix: 16))")
            let read = try readByFoundation(bytes)["c"] as? String
            #expect(read.map { Array($0.utf8) } == Array(text.utf8), "U+\(String(value, radix: 16))")
        }
    }

    @Test("this module's parser reads back what was written", arguments: JSONWriterTests.nastyTexts)
    func roundTrip(text: String) throws {
        var writer = JSONWriter()
        writer.member("a") { $0.member("b", text) }
        guard case .object(let outer) = try JSONValue(parsing: writer.finish()), case .object(let inner)? = outer["a"],
            case .string(let read)? = inner["b"]
        else {
            Issue.record("not an object of an object of a string")
            return
        }
        #expect(Array(read.utf8) == Array(text.utf8))
    }

    private func readByFoundation(_ bytes: [UInt8]) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(bytes))
        return try #require(value as? [String: Any])
    }
}

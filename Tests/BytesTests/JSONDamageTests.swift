import Bytes
import Foundation
import TestSupport
import Testing

@Suite
struct JSONDamageTests {
    /// Texts that together contain every construct of JSON.
    static let texts = [
        #"{"email":"ada@example.com","callback_origin":"https://portal.example.com","callback_next":"/a?b=c#d"}"#,
        #"{"a":[1,-2.5,3e4,0.5E-1,-0],"b":{"c":null,"d":[true,false,{}]},"":[]}"#,
        #"["\"\\\/\b\f\n\r\t","\u00e9\u20AC","\ud83d\ude39","é€𝄞",{"x":[[[]]]}]"#,
        " { \"a\" : [ 1 , 2 ] ,\t\"b\"\r\n: \"c\" } ", #"[{"id":0,"is":1},[[],{}],"",0,1E+2,true,false,null]"#,
    ]

    @Test("an object or array that is cut off at the end is refused, at every length", arguments: JSONDamageTests.texts)
    func beginnings(text: String) throws {
        let bytes = Array(text.trimmingCharacters(in: .whitespaces).utf8)
        _ = try JSONValue(parsing: bytes)
        for length in bytes.indices {
            #expect(throws: JSONError.self, "cut after \(length) bytes") {
                try JSONValue(parsing: Array(bytes[..<length]))
            }
        }
    }

    @Test(
        "an object or array that is cut off at the start is refused, at every length", arguments: JSONDamageTests.texts)
    func ends(text: String) throws {
        let bytes = Array(text.trimmingCharacters(in: .whitespaces).utf8)
        // Each of these texts ends in a bracket that it does not open.
        for start in bytes.indices.dropFirst() {
            #expect(throws: JSONError.self, "cut before \(start)") { try JSONValue(parsing: Array(bytes[start...])) }
        }
    }

    @Test("damaged texts are accepted if, and only if, Foundation accepts them")
    func damaged() {
        var random = SeededGenerator(seed: 8259)
        var tally = Tally()
        for _ in 0..<6000 {
            // Not empty.
            var bytes = Array(JSONDamageTests.texts.randomElement(using: &random)!.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) { damage(&bytes, &random) }
            tally.compare(bytes)
        }
        #expect(tally.differences == [])
        // Neither outcome is rare, so that the comparison means something.
        #expect(tally.acceptedCount > 300)
        #expect(tally.refusedCount > 300)
    }

    @Test("random texts of JSON's tokens are accepted if, and only if, Foundation accepts them")
    func randomTexts() {
        var random = SeededGenerator(seed: 7159)
        var tally = Tally()
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\\", "\\u", "0", "1", "-", ".", "e", "true", "null", " ",
        ]
        for _ in 0..<6000 {
            let count = Int.random(in: 0...8, using: &random)
            // Not empty.
            tally.compare((0..<count).flatMap { _ in Array(pieces.randomElement(using: &random)!.utf8) })
        }
        #expect(tally.differences == [])
        #expect(tally.acceptedCount > 100)
        #expect(tally.refusedCount > 1000)
    }

    @Test("random bytes are parsed or refused, without a crash")
    func noise() {
        var random = SeededGenerator(seed: 4627)
        var outcomes: Set<Bool> = []
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...12, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            outcomes.insert((try? JSONValue(parsing: bytes)) != nil)
        }
        #expect(outcomes.contains(false))
    }

    /// Changes, inserts, removes or repeats some bytes.
    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        // Not empty.
        let byte =
            Bool.random(using: &random)
            ? UInt8.random(in: .min ... .max, using: &random)
            : "{}[]\",:\\/0123456789.eE+-truefalsn \t\n\u{0}".utf8.randomElement(using: &random)!
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: bytes[position] = byte
        case 2: bytes.insert(byte, at: position)
        case 3 where bytes.count > 1: bytes.remove(at: position)
        default:
            let end = min(bytes.count, position + Int.random(in: 1...6, using: &random))
            bytes.insert(contentsOf: Array(bytes[position..<end]), at: Int.random(in: 0...bytes.count, using: &random))
        }
    }
}

/// Counts the texts that are accepted and refused, and collects those about which the two parsers differ.
///
/// Known differences are left out. Foundation accepts more than RFC 8259: a comma after the last element or member,
/// byte order marks, and UTF-16 and UTF-32, which it detects by zero bytes at the start. It refuses numbers beyond a
/// double's range.
private struct Tally {
    private(set) var acceptedCount = 0
    private(set) var refusedCount = 0
    private(set) var differences: [String] = []

    mutating func compare(_ bytes: [UInt8]) {
        guard !looksLikeAnotherEncoding(bytes) else { return }
        let result = Result { () throws(JSONError) in try JSONValue(parsing: bytes, maximumDepth: 100) }
        // Foundation accepts a name that occurs twice.
        if case .failure(.repeatedMember) = result { return }
        let isAccepted = (try? result.get()) != nil
        if isAccepted { acceptedCount += 1 } else { refusedCount += 1 }
        guard isAccepted != isAcceptedByFoundation(bytes) else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        let trailingComma = /,[ \t\r\n]*[\]\}]/.matchingSemantics(.unicodeScalar)
        let hugeNumber = /[eE]\+?[0-9]{3}/.matchingSemantics(.unicodeScalar)
        let isKnown = isAccepted ? text.firstMatch(of: hugeNumber) != nil : text.firstMatch(of: trailingComma) != nil
        if !isKnown { differences.append(text) }
    }

    private func isAcceptedByFoundation(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            return true
        } catch {
            return false
        }
    }

    private func looksLikeAnotherEncoding(_ bytes: [UInt8]) -> Bool {
        let marks: [[UInt8]] = [[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0xFF, 0xFE]]
        return bytes.prefix(4).contains(0) || marks.contains { bytes.starts(with: $0) }
    }
}

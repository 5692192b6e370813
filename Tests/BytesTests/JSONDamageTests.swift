import Foundation
import Bytes
import Testing
import TestSupport

@Suite
struct JSONDamageTests {
    /// Together they hold everything that JSON has.
    static let texts = [
        #"{"email":"ada@example.com","callback_origin":"https://portal.example.com","callback_next":"/a?b=c#d"}"#,
        #"{"a":[1,-2.5,3e4,0.5E-1,-0],"b":{"c":null,"d":[true,false,{}]},"":[]}"#,
        #"["\"\\\/\b\f\n\r\t","\u00e9\u20AC","\ud83d\ude39","é€𝄞",{"x":[[[]]]}]"#,
        " { \"a\" : [ 1 , 2 ] ,\t\"b\"\r\n: \"c\" } ", #"[{"id":0,"id":1},[[],{}],"",0,1E+2,true,false,null]"#,
    ]

    @Test("every beginning of an object or an array is refused", arguments: JSONDamageTests.texts)
    func beginnings(text: String) throws {
        let bytes = Array(text.trimmingCharacters(in: .whitespaces).utf8)
        _ = try JSONValue(parsing: bytes)
        for length in bytes.indices {
            #expect(throws: JSONError.self, "cut after \(length) bytes") {
                try JSONValue(parsing: Array(bytes[..<length]))
            }
        }
    }

    @Test("every end of an object or an array is refused", arguments: JSONDamageTests.texts)
    func ends(text: String) throws {
        let bytes = Array(text.trimmingCharacters(in: .whitespaces).utf8)
        // The last byte alone is a bracket; what is within may be a value with a bracket too many.
        for start in bytes.indices.dropFirst() {
            #expect(throws: JSONError.self, "cut before \(start)") { try JSONValue(parsing: Array(bytes[start...])) }
        }
    }

    @Test("damaged texts are accepted where Foundation accepts them")
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

    @Test("random texts out of JSON's characters are accepted where Foundation accepts them")
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

    @Test("whatever bytes come, they are refused or read")
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

    /// Changes, inserts, removes or repeats something.
    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        // Not empty.
        let byte =
            Bool.random(using: &random)
            ? UInt8.random(in: .min ... .max, using: &random)
            : "{}[]\",:\\/0123456789.eE+-truefalsn \t\n\u{0}".utf8.randomElement(using: &random)!
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: bytes[place] = byte
        case 2: bytes.insert(byte, at: place)
        case 3 where bytes.count > 1: bytes.remove(at: place)
        default:
            let end = min(bytes.count, place + Int.random(in: 1...6, using: &random))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: Int.random(in: 0...bytes.count, using: &random))
        }
    }
}

/// Counts what both parsers say, and keeps the texts about which they differ.
///
/// Foundation is known to accept more than RFC 8259: a comma behind the last element or member, byte order marks, and
/// UTF-16 and UTF-32, which it knows by zero bytes at the start. And it refuses numbers beyond a double's range.
private struct Tally {
    private(set) var acceptedCount = 0
    private(set) var refusedCount = 0
    private(set) var differences: [String] = []

    mutating func compare(_ bytes: [UInt8]) {
        guard !isTakenForAnotherEncoding(bytes) else { return }
        let isAccepted = (try? JSONValue(parsing: bytes, maximumDepth: 100)) != nil
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

    private func isTakenForAnotherEncoding(_ bytes: [UInt8]) -> Bool {
        let marks: [[UInt8]] = [[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0xFF, 0xFE]]
        return bytes.prefix(4).contains(0) || marks.contains { bytes.starts(with: $0) }
    }
}

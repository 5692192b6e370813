import Foundation
import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite
struct SecrecyTests {
    @Test("after 1,000 requests Redis holds no address, token or link, in plain, base64 or hexadecimal")
    func nothingUsable() async throws {
        let harness = try await StoreHarness(
            limits: .init(client: limit("1000000/1d"), recipient: limit("10/15m"), deployment: limit("1000000/1d")),
            maximumQueueLength: 10_000)
        var secrets: [String] = ["portal.example.com", "/orders/17"]
        for number in 0..<1000 {
            let address = "person\(number)@customer.example"
            let link = try StoreHarness.link(to: address, next: "/orders/17?n=\(number)")
            #expect(try await harness.admit(link, to: address).isAdmitted)
            secrets += [address, link.token.text, link.url]
        }
        let dump = try await everything(in: harness.redis)
        #expect(dump.count > 1000 * 500)
        // The dump is complete: a text that is there is found.
        #expect(dump.firstRange(of: Array("postern:links:".utf8)) != nil)
        let index = ByteIndex(dump)
        let found = secrets.flatMap(forms).filter { index.contains($0) }
        #expect(found.map { String(decoding: $0, as: UTF8.self) } == [])
    }

    /// A text in the forms in which it might be stored. Its base64 within that of a longer text has three alignments.
    private func forms(of text: String) -> [[UInt8]] {
        let bytes = Array(text.utf8)
        let hex = bytes.map { String(format: "%02x", $0) }.joined()
        let base64 = (0..<3).map { shift in
            let padded = Data([UInt8](repeating: 0, count: shift) + bytes)
            // The characters at both ends depend on the neighbours.
            return String(padded.base64EncodedString().dropFirst(shift == 0 ? 0 : 4).dropLast(4))
        }
        return ([text, hex, hex.uppercased()] + base64).map { Array($0.utf8) }
    }

    /// All keys and all their values, one after another.
    private func everything(in redis: RedisClient) async throws -> [UInt8] {
        var dump: [UInt8] = []
        for key in strings(in: try await redis.send(RedisCommand("KEYS", "*"))) {
            dump += key
            var type = RedisCommand("TYPE")
            type.append(key)
            let isStream = try await redis.send(type) == .status("stream")
            var read = RedisCommand(isStream ? "XRANGE" : "GET")
            read.append(key)
            if isStream {
                read.append("-")
                read.append("+")
            }
            for value in strings(in: try await redis.send(read)) { dump += value }
        }
        return dump
    }

    private func strings(in reply: RESPValue) -> [[UInt8]] {
        switch reply {
        case .bulk(let bytes): [bytes]
        case .array(let elements): elements.flatMap(strings)
        default: []
        }
    }
}

extension Admission {
    fileprivate var isAdmitted: Bool {
        if case .admitted = self { true } else { false }
    }
}

/// The places of each run of eight bytes, to search a large dump for many texts.
private struct ByteIndex {
    private let bytes: [UInt8]
    private var places: [UInt64: [Int]] = [:]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var window: UInt64 = 0
        for (offset, byte) in bytes.enumerated() {
            window = window << 8 | UInt64(byte)
            if offset >= 7 { places[window, default: []].append(offset - 7) }
        }
    }

    /// Whether a text of eight bytes or more is there.
    func contains(_ text: [UInt8]) -> Bool {
        precondition(text.count >= 8, "too short to tell from chance")
        let start = text.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return places[start, default: []].contains { bytes[$0...].starts(with: text) }
    }
}

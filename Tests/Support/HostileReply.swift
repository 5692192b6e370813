import Redis

/// Changes replies of Redis as somebody would who controls it: they stay RESP2, but numbers become impossible, and
/// elements are missing, doubled, of another type, or in another order.
package enum HostileReply {
    /// - Returns: the reply with one to three of its values changed.
    package static func changing(_ reply: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var (position, value) = (0, RESPValue.null)
        value = parse(reply, &position)
        for _ in 0..<Int.random(in: 1...3, using: &random) { change(&value, &random) }
        var bytes: [UInt8] = []
        write(value, to: &bytes)
        return bytes
    }

    /// Numbers at which arithmetic overflows, or that a count, an index or a duration cannot be.
    private static let numbers = [
        Int.min, Int.min + 1, -(1 << 53), -1_000_000, -2, -1, 0, 1, 2, 3, 7, 100, 1 << 31, 1 << 32, 1 << 53,
        Int.max / 1000, Int.max - 1, Int.max,
    ]

    /// Changes the value or, more often, one of its elements.
    private static func change(_ value: inout RESPValue, _ random: inout SeededGenerator) {
        if case .array(var elements) = value, !elements.isEmpty, Int.random(in: 0..<5, using: &random) > 0 {
            change(&elements[Int.random(in: elements.indices, using: &random)], &random)
            value = .array(elements)
            return
        }
        switch (value, Int.random(in: 0..<4, using: &random)) {
        case (_, 0): value = other(&random)
        case (.integer, _): value = .integer(number(&random))
        case (.bulk(let bytes), 1): value = .bulk(bytes + bytes)
        case (.bulk(let bytes), 2): value = .bulk(Array(bytes.dropLast(bytes.count / 2 + 1)))
        case (.bulk, _):
            // A stream entry's id, or a number.
            value = .bulk(Array("\(number(&random))-\(number(&random))".utf8))
            if Bool.random(using: &random) { value = .bulk(Array("\(number(&random))".utf8)) }
        case (.array(let elements), 1): value = .array(elements + elements)
        case (.array(let elements), 2): value = .array(Array(elements.dropLast()))
        case (.array(let elements), _): value = .array(elements.shuffled(using: &random))
        default: value = other(&random)
        }
    }

    private static func other(_ random: inout SeededGenerator) -> RESPValue {
        switch Int.random(in: 0..<7, using: &random) {
        case 0: .null
        case 1: .array([])
        case 2: .array([.integer(number(&random)), .null, .array([.null])])
        case 3: .status("OK")
        case 4: .error("ERR \u{1B}[31m made up")
        case 5:
            .bulk((0..<Int.random(in: 0..<200, using: &random)).map { _ in .random(in: 0...255, using: &random) })
        default: .integer(number(&random))
        }
    }

    private static func number(_ random: inout SeededGenerator) -> Int {
        numbers[Int.random(in: numbers.indices, using: &random)]
    }

    // MARK: - RESP2

    /// Parses a whole reply.
    private static func parse(_ bytes: [UInt8], _ position: inout Int) -> RESPValue {
        let end = bytes[position...].firstIndex(of: 13) ?? bytes.endIndex
        let (type, text) = (bytes[position], String(decoding: bytes[(position + 1)..<end], as: UTF8.self))
        position = end + 2
        switch type {
        case UInt8(ascii: "+"): return .status(text)
        case UInt8(ascii: "-"): return .error(text)
        case UInt8(ascii: ":"): return .integer(Int(text) ?? 0)
        case UInt8(ascii: "$"):
            guard let count = Int(text), count >= 0 else { return .null }
            defer { position += count + 2 }
            return .bulk(Array(bytes[position..<(position + count)]))
        default:
            guard let count = Int(text), count >= 0 else { return .null }
            var elements: [RESPValue] = []
            for _ in 0..<count { elements.append(parse(bytes, &position)) }
            return .array(elements)
        }
    }

    private static func write(_ value: RESPValue, to bytes: inout [UInt8]) {
        switch value {
        case .status(let text): bytes += Array("+\(text)\r\n".utf8)
        case .error(let text): bytes += Array("-\(text)\r\n".utf8)
        case .integer(let number): bytes += Array(":\(number)\r\n".utf8)
        case .bulk(let content): bytes += Array("$\(content.count)\r\n".utf8) + content + [13, 10]
        case .null: bytes += Array("$-1\r\n".utf8)
        case .array(let elements):
            bytes += Array("*\(elements.count)\r\n".utf8)
            for element in elements { write(element, to: &bytes) }
        }
    }
}

/// A Redis whose replies are changed while a test wants it.
package final class HostileRedis: Sendable {
    private let fake: FakeRedis
    private let isChanging: Mutexed<Bool>

    /// - Parameter seed: decides how replies change.
    package init(inFrontOf server: RedisServer, seed: UInt64) throws {
        let (isChanging, random) = (Mutexed(false), Mutexed(SeededGenerator(seed: seed)))
        self.isChanging = isChanging
        fake = try FakeRedis(
            inFrontOf: server,
            rewriting: { _, reply in
                isChanging.value ? random.update { HostileReply.changing(reply, &$0) } : reply
            })
    }

    package func url() throws -> RedisURL { try RedisURL(parsing: fake.address) }

    /// Does something while replies are changed, whatever comes of it.
    package func whileHostile(_ body: () async throws -> Void) async {
        isChanging.value = true
        defer { isChanging.value = false }
        try? await body()
    }
}

import Secrets

extension RandomBytes {
    /// No randomness at all: each time the bytes `start`, `start` + 1 and so on.
    static func counting(from start: UInt8) -> RandomBytes {
        RandomBytes { (buffer) throws(SecretsError) in
            for index in buffer.indices { buffer[index] = start &+ UInt8(truncatingIfNeeded: index) }
        }
    }
}

extension [UInt8] {
    /// The bytes that hexadecimal digits stand for, two digits each.
    init(hex: String) {
        let digits = hex.compactMap(\.hexDigitValue)
        self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

import Secrets

extension RandomBytes {
    /// No randomness at all: each time the bytes `start`, `start` + 1 and so on.
    static func counting(from start: UInt8) -> RandomBytes {
        RandomBytes { (buffer) throws(SecretsError) in
            for index in buffer.indices { buffer[index] = start &+ UInt8(truncatingIfNeeded: index) }
        }
    }
}

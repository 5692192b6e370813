import Cryptography

extension RandomBytes {
    /// A source of known bytes: each call returns `start`, `start` + 1 and so on.
    package static func counting(from start: UInt8) -> RandomBytes {
        RandomBytes { (buffer) throws(CryptoError) in
            for index in buffer.indices { buffer[index] = start &+ UInt8(truncatingIfNeeded: index) }
        }
    }
}

import COpenSSL

/// A source of random bytes, handed in so that a test can know them.
public struct RandomBytes: Sendable {
    private let source: @Sendable (UnsafeMutableRawBufferPointer) throws(SecretsError) -> Void

    public init(source: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws(SecretsError) -> Void) {
        self.source = source
    }

    /// OpenSSL's generator, seeded by the operating system and fit for keys.
    public static let system = RandomBytes { (buffer) throws(SecretsError) in
        try check(RAND_bytes(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), CInt(buffer.count)), "RAND_bytes")
    }

    /// Overwrites the whole buffer.
    public func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(SecretsError) {
        try source(buffer)
    }

    /// A new secret of `count` bytes.
    public func secret(count: Int) throws(SecretsError) -> Secret {
        try Secret(count: count) { (buffer) throws(SecretsError) in try fill(buffer) }
    }
}

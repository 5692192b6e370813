#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A source of random bytes, handed in so that a test can know them.
public struct RandomBytes: Sendable {
    private let source: @Sendable (UnsafeMutableRawBufferPointer) throws(SecretsError) -> Void

    public init(source: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws(SecretsError) -> Void) {
        self.source = source
    }

    /// The operating system's generator, fit for keys.
    ///
    /// It is asked each time, and nothing is kept in this process: a process that was copied while it slept, as
    /// function runtimes do, must not make the same tokens twice.
    public static let system = RandomBytes { (buffer) throws(SecretsError) in
        var rest = buffer[...]
        while !rest.isEmpty {
            // getentropy gives at most 256 bytes at once.
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(256))
            guard getentropy(part.baseAddress, part.count) == 0 else { throw .noRandomness }
            rest = rest.dropFirst(part.count)
        }
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

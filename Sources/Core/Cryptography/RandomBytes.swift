import Platform

/// A source of random bytes, handed in so that a test can know them.
package struct RandomBytes: Sendable {
    private let source: @Sendable (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void

    package init(source: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void) {
        self.source = source
    }

    /// The operating system's generator, fit for keys.
    ///
    /// It is asked each time, and nothing is kept in this process: a process that was copied while it slept, as
    /// function runtimes do, must not make the same tokens twice.
    package static let system = RandomBytes { (buffer) throws(CryptoError) in
        var rest = buffer[...]
        while !rest.isEmpty {
            // getentropy gives at most 256 bytes at once.
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(256))
            guard getentropy(part.baseAddress, part.count) == 0 else { throw .noRandomness }
            rest = rest.dropFirst(part.count)
        }
    }

    /// Overwrites the whole buffer.
    package func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        try source(buffer)
    }

    /// A new secret of `count` bytes.
    package func secret(count: Int) throws(CryptoError) -> Secret {
        try Secret(count: count) { (buffer) throws(CryptoError) in try fill(buffer) }
    }
}

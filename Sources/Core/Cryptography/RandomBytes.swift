import Platform

/// A source of random bytes. It is passed as a parameter, so that tests can use known bytes.
package struct RandomBytes: Sendable {
    private let source: @Sendable (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void

    /// - Parameter source: overwrites a whole buffer with random bytes.
    package init(source: @escaping @Sendable (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void) {
        self.source = source
    }

    /// The operating system's generator, suitable for keys.
    ///
    /// Each call reads from the operating system, and this process keeps no state: function runtimes copy sleeping
    /// processes, and two copies must not make the same tokens.
    package static let system = RandomBytes { (buffer) throws(CryptoError) in
        var rest = buffer[...]
        while !rest.isEmpty {
            // getentropy returns at most 256 bytes per call.
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(256))
            guard getentropy(part.baseAddress, part.count) == 0 else { throw .noRandomness }
            rest = rest.dropFirst(part.count)
        }
    }

    /// Overwrites the whole buffer with random bytes.
    /// - Throws: ``CryptoError/noRandomness``.
    package func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) {
        try source(buffer)
    }

    /// Returns a new secret of `count` random bytes.
    /// - Throws: ``CryptoError/noRandomness``.
    package func secret(count: Int) throws(CryptoError) -> Secret {
        try Secret(count: count) { (buffer) throws(CryptoError) in try fill(buffer) }
    }
}

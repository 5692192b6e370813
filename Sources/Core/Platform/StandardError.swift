/// The process' standard error.
package enum StandardError {
    /// Writes bytes in one call, so that lines of several threads do not mix. Bytes that cannot be written are dropped:
    /// there is no other place to report the failure.
    @Sendable package static func write(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { posixWrite(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Writes a text in one call.
    package static func write(_ text: String) { write(Array(text.utf8)) }
}

/// The system's `write`, which ``StandardError/write(_:)-([UInt8])`` hides in that type.
private func posixWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

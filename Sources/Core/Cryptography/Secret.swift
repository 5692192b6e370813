import Bytes
import COpenSSL

/// Bytes that nobody else should see: wiped when they are no longer needed, and printed as `<secret>`.
package final class Secret: Sendable, CustomStringConvertible, CustomReflectable {
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer  // Written by the initializer alone.

    /// Makes a secret of `count` bytes.
    /// - Parameter fill: writes the bytes. They are zero before, and wiped again if it throws.
    package init<Failure>(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        storage = .allocate(byteCount: count, alignment: 16)
        storage.initializeMemory(as: UInt8.self, repeating: 0)
        try fill(storage)
    }

    /// Copies bytes. The original is the caller's to wipe.
    package convenience init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Takes bytes over: they are wiped where they were, and the array is empty afterwards.
    package convenience init(wiping bytes: inout [UInt8]) {
        self.init(copying: bytes)
        wipe(&bytes)
    }

    /// The bytes of a base64 text with padding (RFC 4648 §4); `nil` if it is empty or malformed.
    package convenience init?(base64 text: String) {
        guard var decoded = bytes(base64: text) else { return nil }
        self.init(wiping: &decoded)
    }

    /// The bytes of a base64url text without padding (RFC 4648 §5); `nil` if it is empty or malformed.
    package convenience init?(base64URL text: String) {
        guard var decoded = bytes(base64URL: text) else { return nil }
        self.init(wiping: &decoded)
    }

    deinit {
        OPENSSL_cleanse(storage.baseAddress, storage.count)
        storage.deallocate()
    }

    package var count: Int { storage.count }

    /// Lends the bytes for the time of the call. They must not be kept.
    package func withUnsafeBytes<Result, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage))
    }

    /// Whether both are the same bytes; takes as long whether they are or not, unless their lengths differ.
    package func matches(_ other: Secret) -> Bool {
        count == other.count && CRYPTO_memcmp(storage.baseAddress, other.storage.baseAddress, count) == 0
    }

    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Overwrites bytes, and empties the array.
func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    bytes = []
}

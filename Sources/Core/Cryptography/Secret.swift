import Bytes
import COpenSSL

/// Secret bytes: wiped when they are deallocated, and printed as `<secret>`.
package final class Secret: Sendable, CustomStringConvertible, CustomReflectable {
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer  // Written only by the initializer.

    /// Creates a secret of `count` bytes.
    /// - Parameter fill: writes the bytes, which are zero before. If it throws, they are wiped.
    package init<Failure>(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        storage = .allocate(byteCount: count, alignment: 16)
        storage.initializeMemory(as: UInt8.self, repeating: 0)
        try fill(storage)
    }

    /// Copies bytes. The caller must wipe the original.
    package convenience init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Moves bytes into the secret: the original is wiped, and the array is empty afterwards.
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

    /// The number of bytes.
    package var count: Int { storage.count }

    /// Calls `body` with the bytes. The pointer is valid only during the call.
    package func withUnsafeBytes<Result, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage))
    }

    /// Whether both secrets have the same bytes. For equal lengths, the time does not depend on the bytes.
    package func matches(_ other: Secret) -> Bool {
        count == other.count && CRYPTO_memcmp(storage.baseAddress, other.storage.baseAddress, count) == 0
    }

    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Overwrites bytes, and empties the array.
package func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    bytes = []
}

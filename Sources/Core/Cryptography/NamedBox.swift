/// A sealed box with the id of the key of the ring that sealed it: the id, a space, and the box.
package struct NamedBox: Sendable {
    package let keyID: String
    package let box: [UInt8]

    package init(keyID: String, box: [UInt8]) {
        self.keyID = keyID
        self.box = box
    }

    /// - Throws: ``CryptoError/notAuthentic`` if the bytes do not have that form.
    package init(_ bytes: [UInt8]) throws(CryptoError) {
        guard let end = bytes.prefix(NamedBox.maximumNameByteCount + 1).firstIndex(of: NamedBox.separator)
        else { throw .notAuthentic }
        keyID = String(decoding: bytes[..<end], as: UTF8.self)
        box = Array(bytes[(end + 1)...])
    }

    package var bytes: [UInt8] {
        var bytes = Array(keyID.utf8)
        bytes.reserveCapacity(bytes.count + 1 + box.count)
        bytes.append(NamedBox.separator)
        bytes += box
        return bytes
    }

    /// The length of the longest id of a key: ``KeyRing/Entry/isName(_:)``.
    private static let maximumNameByteCount = 16
    private static let separator = UInt8(ascii: " ")
}

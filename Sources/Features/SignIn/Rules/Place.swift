import Bytes

/// The place of a recipient's links in Redis: 16 bytes, with which their tokens and code handles begin.
///
/// The links to one recipient for one portal have the same place if they have the same code challenge, or if the same
/// trusted caller requested them for the same purpose. So the names of all keys that belong to a token follow from the
/// token alone, and a request with another challenge, such as a stranger's, uses another place.
///
/// The first half is the recipient's tag; the second half depends on all of these. ``Places`` derives both from the
/// deployment's key, so a place alone tells nothing about the address. Whoever requests a code for an address learns
/// its place from the code handle.
package struct Place: Sendable, Hashable {
    static let byteCount = 16

    let bytes: [UInt8]

    /// The place as 32 lower-case hexadecimal digits.
    package var text: String { hexadecimal(bytes) }

    /// The recipient's tag, as 16 lower-case hexadecimal digits.
    package var recipientTag: String { hexadecimal(bytes.prefix(Place.byteCount / 2)) }

    /// - Parameter bytes: 16 bytes.
    init(_ bytes: [UInt8]) {
        precondition(bytes.count == Place.byteCount, "a place has 16 bytes")
        self.bytes = bytes
    }
}

/// An error of random bytes or sealed boxes. Its description contains no key and no part of a box.
package enum CryptoError: Error, Equatable, CustomStringConvertible {
    /// The operating system returned no random bytes.
    case noRandomness
    /// The box is too short, was changed, or was sealed with another key, for another purpose, or with other associated
    /// bytes.
    case notAuthentic
    /// The box was sealed with a key that the key ring does not contain. `id` is that key's name.
    case unknownKey(id: String)

    package var description: String {
        switch self {
        case .noRandomness: "the operating system gave no random bytes"
        case .notAuthentic: "the sealed box is not authentic"
        case .unknownKey(let id): "no key with the id \(id) is configured"
        }
    }
}

/// What can go wrong with keys and sealed boxes. Its description holds neither.
package enum CryptoError: Error, Equatable, CustomStringConvertible {
    /// The operating system gave no random bytes.
    case noRandomness
    /// A box that is too short, was changed, or was sealed under another key or for another purpose.
    case notAuthentic
    /// A box sealed under a key that the key ring does not hold.
    case unknownKey(id: String)

    package var description: String {
        switch self {
        case .noRandomness: "the operating system gave no random bytes"
        case .notAuthentic: "the sealed box is not authentic"
        case .unknownKey(let id): "no key with the id \(id) is configured"
        }
    }
}

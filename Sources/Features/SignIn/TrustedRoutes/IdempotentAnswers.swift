import Bytes
import Cryptography
import Web

/// Answers that are kept for a day, so that a caller who sends a request again gets the same one. They hold links and
/// codes, so they are sealed under the deployment's key.
struct IdempotentAnswers: Sendable {
    static let lifetime = Duration.seconds(86_400)

    private let prefix: String
    private let keys: KeyRing
    /// Names answers, under the first key.
    private let names: MessageAuthentication

    init(keyPrefix: String, secretKeys: [KeyRing.Entry]) {
        prefix = keyPrefix + "answer:"
        keys = KeyRing(secretKeys, purpose: "postern idempotent answer 1")
        let primary = MessageAuthentication(key: secretKeys[0].key)
        names = MessageAuthentication(key: primary.derivedKey(for: "postern idempotency key 1"))
    }

    /// The idempotency key of a request; `nil` if it has none.
    /// - Throws: ``HTTPError`` with the code `validation_error` if it is malformed.
    func key(of context: RequestContext) throws(HTTPError) -> IdempotencyKey? {
        try IdempotencyKey(of: context, by: names)
    }

    /// The key in Redis of the answer to a request.
    func key(_ key: IdempotencyKey) -> String { prefix + key.name }

    /// An answer as it is stored: the id of the key that sealed it, a space, and the box with the request's digest and
    /// the JSON of the answer.
    func sealed(
        _ answer: [UInt8], to key: IdempotencyKey, random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        var plaintext = Array(key.request.utf8) + answer
        let box = try keys.seal(wiping: &plaintext, authenticating: Array(key.name.utf8), random: random)
        return NamedBox(keyID: keys.sealingKeyID, box: box).bytes
    }

    /// The JSON of a stored answer; `nil` if it answered another request.
    /// - Throws: ``CryptoError/notAuthentic`` if it was not sealed for this key; ``CryptoError/unknownKey(id:)``.
    func open(_ stored: [UInt8], to key: IdempotencyKey) throws(CryptoError) -> [UInt8]? {
        let stored = try NamedBox(stored)
        let plaintext = try keys.open(stored.box, keyID: stored.keyID, authenticating: Array(key.name.utf8))
        let bytes = plaintext.withUnsafeBytes { [UInt8]($0) }
        let digest = Array(key.request.utf8)
        return bytes.starts(with: digest) ? Array(bytes.dropFirst(digest.count)) : nil
    }
}

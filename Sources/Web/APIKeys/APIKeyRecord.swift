import Bytes
import Cryptography
import Platform
import Web

/// An API key as it is stored in Redis, without the key itself.
struct APIKeyRecord: Sendable {
    /// The purpose that the keys sealing records are derived for.
    static let sealingPurpose = "postern api key 1"

    let digest: APIKeyDigest
    let grant: APIKeyGrant
    let created: UnixTime

    /// A record in the form in which it is stored.
    struct Sealed: Sendable, Equatable {
        /// The name of the ring's key that sealed it.
        let keyID: String
        let box: [UInt8]
    }

    /// Seals the record with the first key of a ring. The id is authenticated with it: whoever can write to Redis, but
    /// has none of the deployment's keys, cannot make an API key.
    ///
    /// The plaintext is a JSON object: `digest`, `name`, `scopes`, `created`, and `expires` if it does, in Unix
    /// milliseconds.
    func sealed(by ring: KeyRing, random: RandomBytes) throws(CryptoError) -> Sealed {
        var json = JSONWriter(capacity: 256)
        json.member("digest", digest.hex)
        json.member("name", grant.name)
        json.member("scopes", grant.scopes.map(\.text))
        json.member("created", created.milliseconds)
        if let expires = grant.expires { json.member("expires", expires.milliseconds) }
        var plaintext = json.finish()
        let box = try ring.seal(wiping: &plaintext, authenticating: Array(digest.id.utf8), random: random)
        return Sealed(keyID: ring.sealingKeyID, box: box)
    }

    init(digest: APIKeyDigest, grant: APIKeyGrant, created: UnixTime) {
        self.digest = digest
        self.grant = grant
        self.created = created
    }

    /// Opens a stored record.
    /// - Parameter id: the id that it is stored under.
    /// - Throws: ``CryptoError/unknownKey(id:)`` if the ring does not have the key that sealed it;
    ///   ``CryptoError/notAuthentic`` if it was changed, or was sealed for another id.
    init(opening sealed: Sealed, id: String, with ring: KeyRing) throws(CryptoError) {
        let plaintext = try ring.open(sealed.box, keyID: sealed.keyID, authenticating: Array(id.utf8))
        // A record that opens was written by `sealed`, so its members are valid.
        guard case .object(let members)? = try? JSONValue(parsing: plaintext.withUnsafeBytes(Array.init)),
            case .string(let digest)? = members["digest"], let digest = APIKeyDigest(hex: digest), digest.id == id,
            case .string(let name)? = members["name"], case .array(let texts)? = members["scopes"],
            case .number(let created)? = members["created"],
            let created = Int(exactly: created).flatMap(UnixTime.init(given:))
        else { throw .notAuthentic }
        var scopes: [Scope] = []
        for case .string(let text) in texts {
            if let scope = try? Scope(parsing: text) { scopes.append(scope) }
        }
        let expires: UnixTime? =
            if case .number(let time)? = members["expires"] {
                // A time that is not a whole number was not written by `sealed`: the key has expired.
                Int(exactly: time).flatMap(UnixTime.init(given:)) ?? UnixTime(milliseconds: 0)
            } else { nil }
        self.init(
            digest: digest, grant: APIKeyGrant(name: name, scopes: scopes, expires: expires),
            created: created)
    }
}

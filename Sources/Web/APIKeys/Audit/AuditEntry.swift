import Bytes
import Cryptography
import Platform
import Web

/// An entry of the audit: a change of an API key, or a refusal.
package struct AuditEntry: Sendable, Equatable {
    /// The purpose that the keys sealing entries are derived for.
    static let sealingPurpose = "postern audit 1"

    /// The event that was recorded.
    package enum Event: String, Sendable {
        case created = "api_key_created"
        case revoked = "api_key_revoked"
        case refused = "api_key_refused"
    }

    package let event: Event
    package let time: UnixTime
    /// The API key's id; `nil` if the key is unknown.
    package var keyID: String?
    package var keyName: String?
    /// The operating system's user that ran the command; `nil` for a refusal.
    package var actor: String?
    /// The client's IP address; `nil` if unknown, and for a change.
    package var client: String?
    /// The scope that a refused request needed.
    package var scope: String?
    /// The reason of a refusal, as in the metric `postern_api_keys_refused_total`.
    package var reason: String?

    init(
        _ event: Event, at time: UnixTime, keyID: String? = nil, keyName: String? = nil, actor: String? = nil,
        client: String? = nil, scope: String? = nil, reason: String? = nil
    ) {
        self.event = event
        self.time = time
        self.keyID = keyID
        self.keyName = keyName
        self.actor = actor
        self.client = client
        self.scope = scope
        self.reason = reason
    }

    /// The members that an entry may have, and their values.
    private static var members: [(name: String, value: WritableKeyPath<AuditEntry, String?>)] {
        [
            ("api_key", \.keyID), ("name", \.keyName), ("by", \.actor), ("client", \.client), ("scope", \.scope),
            ("reason", \.reason),
        ]
    }

    /// An entry in the form in which it is stored.
    struct Sealed: Sendable {
        /// The name of the ring's key that sealed it.
        let keyID: String
        let box: [UInt8]
    }

    /// The entry as a JSON object: `at` in Unix milliseconds, `event`, and those of `api_key`, `name`, `by`, `client`,
    /// `scope` and `reason` that it has.
    func sealed(by ring: KeyRing, random: RandomBytes) throws(CryptoError) -> Sealed {
        var json = JSONWriter(capacity: 256)
        json.member("at", time.milliseconds)
        json.member("event", event.rawValue)
        writeMembers(to: &json)
        var plaintext = json.finish()
        let box = try ring.seal(wiping: &plaintext, authenticating: [], random: random)
        return Sealed(keyID: ring.sealingKeyID, box: box)
    }

    /// Opens a stored entry.
    /// - Throws: ``CryptoError/unknownKey(id:)`` or ``CryptoError/notAuthentic``.
    init(opening sealed: Sealed, with ring: KeyRing) throws(CryptoError) {
        let plaintext = try ring.open(sealed.box, keyID: sealed.keyID, authenticating: [])
        guard case .object(let members)? = try? JSONValue(parsing: plaintext.withUnsafeBytes(Array.init)),
            case .number(let time)? = members["at"], let time = Int(exactly: time).flatMap(UnixTime.init(given:)),
            case .string(let event)? = members["event"], let event = Event(rawValue: event)
        else { throw .notAuthentic }
        self.init(event, at: time)
        for (name, value) in AuditEntry.members {
            if case .string(let text)? = members[name] { self[keyPath: value] = text }
        }
    }

    /// Writes the members that the entry has, besides time and event.
    package func writeMembers(to json: inout JSONWriter) {
        for (name, value) in AuditEntry.members {
            if let text = self[keyPath: value] { json.member(name, text) }
        }
    }
}

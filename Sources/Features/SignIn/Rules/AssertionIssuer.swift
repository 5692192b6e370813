import Bytes
import Cryptography
import Net
import Platform

/// Signs assertions, with which a portal's server can verify a sign-in: JSON Web Tokens (RFC 7519) with Ed25519
/// signatures (RFC 8037). Publishes the keys that verify them (RFC 7517).
package struct AssertionIssuer: Sendable {
    /// The time from issuing an assertion until it expires.
    package static let lifetime = Duration.seconds(60)

    /// The claim `iss`.
    private let name: String
    private let primaryKey: SigningKey
    /// The encoded header for the primary key, with the full stop that follows it.
    private let header: String
    /// The JSON Web Key Set with the public parts of all keys: a JSON object.
    package let keySet: [UInt8]

    /// - Parameters:
    ///   - name: the name of this deployment, which portals check (RFC 7519 §4.1.1).
    ///   - keys: at least one. The first signs; the others are only published, so that keys can be rotated.
    package init(name: String, keys: [KeyRing.Entry]) {
        precondition(!keys.isEmpty, "an issuer has a key")
        self.name = name
        var published: [(id: String, key: SigningKey)] = []
        for entry in keys { published.append((entry.id, SigningKey(entry.key))) }
        primaryKey = published[0].key
        header = AssertionIssuer.header(keyID: published[0].id)
        var json = JSONWriter(capacity: 64 + 160 * published.count)
        json.member("keys", forEach: published) { json, entry in
            json.member("kty", "OKP")
            json.member("crv", "Ed25519")
            json.member("alg", "EdDSA")
            json.member("use", "sig")
            json.member("kid", entry.id)
            json.member("x", entry.key.publicKey.withUnsafeBytes(base64URL))
        }
        keySet = json.finish()
    }

    /// The key set of a deployment that does not sign.
    package static let emptyKeySet = Array(#"{"keys":[]}"#.utf8)

    /// The media type of assertions, without `application/`. No other token of the same keys has it (RFC 8725 §3.11).
    package static let type = "postern-assertion+jwt"

    /// The assertion of a completed sign-in, with the claims `iss`, `aud` (the portal's origin), `sub` (the email
    /// address), `iat`, `exp`, `jti` and `auth_time`, and if there are any `amr`, `nonce`, `purpose` and `claims`.
    /// - Parameters:
    ///   - id: the claim `jti`: the id of the mailed token, which no other sign-in has.
    ///   - methods: the claim `amr`: names that RFC 8176 registers. It has none for a link in an email.
    package func assertion(for record: TokenRecord, id: String, methods: [String], at now: UnixTime) -> String {
        var json = JSONWriter(capacity: 256)
        json.member("iss", name)
        json.member("aud", record.origin.description)
        json.member("sub", record.email.text)
        json.member("iat", now.seconds)
        json.member("exp", now.seconds + Int(AssertionIssuer.lifetime.components.seconds))
        json.member("jti", id)
        json.member("auth_time", now.seconds)
        if !methods.isEmpty { json.member("amr", methods) }
        if let nonce = record.nonce { json.member("nonce", nonce) }
        if let purpose = record.purpose { json.member("purpose", purpose.rawValue) }
        if let claims = record.claims { json.member("claims", .object(claims)) }
        let content = header + json.finish().withUnsafeBytes(base64URL)
        return content + "." + primaryKey.signature(of: Array(content.utf8)).withUnsafeBytes(base64URL)
    }

    private static func header(keyID: String) -> String {
        var json = JSONWriter()
        json.member("alg", "EdDSA")
        json.member("typ", type)
        json.member("kid", keyID)
        return json.finish().withUnsafeBytes(base64URL) + "."
    }
}

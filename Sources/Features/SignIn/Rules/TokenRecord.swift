import Bytes
import Cryptography
import Net
import Platform
import Web

/// The data of a sign-in request that is stored with its token.
package struct TokenRecord: Sendable, Equatable {
    package let email: EmailAddress
    package let origin: Origin
    package let next: PortalPath?
    /// The challenge that a verifier must match; `nil` if the link works in every browser. Another link that the
    /// confirmation page sends instead of this one has the same challenge.
    package let challenge: CodeChallenge?
    package let issuedAt: UnixTime
    /// The time from which the link does not work, by the clock of the process that issued it.
    package let expiresAt: UnixTime
    /// The purpose, if a trusted caller requested the link; `nil` if the person's browser did.
    package let purpose: LinkPurpose?
    /// A text of the portal, which the assertion repeats, so that it belongs to one request (OpenID Connect Core §2);
    /// `nil` if it gave none.
    package let nonce: String?
    /// An object that the trusted caller gave, which is told again when the link is used; `nil` if it gave none.
    package let claims: JSONObject?

    package init(
        email: EmailAddress, origin: Origin, next: PortalPath?, challenge: CodeChallenge? = nil, issuedAt: UnixTime,
        expiresAt: UnixTime, nonce: String? = nil, purpose: LinkPurpose? = nil, claims: JSONObject? = nil
    ) {
        self.email = email
        self.origin = origin
        self.next = next
        self.challenge = challenge
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.nonce = nonce
        self.purpose = purpose
        self.claims = claims
    }

    /// Whether the person may have another link like this one. Those of trusted callers are theirs to send: they chose
    /// the purpose, the claims and the time for which the link works.
    var canBeSentAgain: Bool { purpose == nil }

    /// The record as it is stored: a box that only the token and one of the deployment's keys open together.
    ///
    /// The plaintext is a JSON object: `email`, `origin`, `issued_at` and `expires_at` in Unix milliseconds, and if the
    /// link has them `next`, `challenge`, `nonce`, `purpose` and `claims`.
    package func sealed(
        for token: LoginToken, by keys: TokenKeys, random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        var json = JSONWriter(capacity: 256 + (next?.text.utf8.count ?? 0))
        json.member("email", email.text)
        json.member("origin", origin.description)
        if let next { json.member("next", next.text) }
        if let challenge { json.member("challenge", challenge.text) }
        json.member("issued_at", issuedAt.milliseconds)
        json.member("expires_at", expiresAt.milliseconds)
        if let nonce { json.member("nonce", nonce) }
        if let purpose { json.member("purpose", purpose.rawValue) }
        if let claims { json.member("claims", .object(claims)) }
        var plaintext = json.finish()
        return try keys.seal(wiping: &plaintext, .record, for: token, random: random)
    }

    /// Opens a stored record.
    /// - Throws: ``CryptoError/notAuthentic`` if it was not sealed for this token, or is not a record that this version
    ///   knows; ``CryptoError/unknownKey(id:)``.
    package init(opening box: [UInt8], with token: LoginToken, by keys: TokenKeys) throws(CryptoError) {
        let plaintext = try keys.open(box, .record, for: token)
        // A record that opens was written by `sealed`, so its members are valid.
        guard case .object(let members)? = try? JSONValue(parsing: plaintext.withUnsafeBytes(Array.init)),
            case .string(let email)? = members["email"], let email = EmailAddress(parsing: email),
            case .string(let origin)? = members["origin"], let origin = try? Origin(parsing: origin),
            case .number(let issuedAt)? = members["issued_at"], case .number(let expiresAt)? = members["expires_at"],
            let issuedAt = Int(exactly: issuedAt).flatMap(UnixTime.init(given:)),
            let expiresAt = Int(exactly: expiresAt).flatMap(UnixTime.init(given:))
        else { throw .notAuthentic }
        self.email = email
        self.origin = origin
        next = if case .string(let next)? = members["next"] { try? PortalPath(parsing: next) } else { nil }
        challenge = members["challenge"].flatMap { try? CodeChallenge.schema.parse($0) }
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        nonce = if case .string(let nonce)? = members["nonce"] { nonce } else { nil }
        purpose = try members["purpose"].map(TokenRecord.purpose)
        claims = if case .object(let claims)? = members["claims"] { claims } else { nil }
    }

    /// Without its purpose, a link of a later version would pass for the person's own, which can be sent again.
    private static func purpose(_ value: JSONValue) throws(CryptoError) -> LinkPurpose {
        guard case .string(let text) = value, let purpose = LinkPurpose(rawValue: text) else { throw .notAuthentic }
        return purpose
    }
}

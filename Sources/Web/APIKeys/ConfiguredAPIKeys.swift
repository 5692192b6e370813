import Bytes
import Platform
import Web

/// An API key of the setting `POSTERN_API_KEYS`.
package struct ConfiguredAPIKey: Sendable {
    package let digest: APIKeyDigest
    package let grant: APIKeyGrant

    package init(_ digest: APIKeyDigest, _ grant: APIKeyGrant) {
        self.digest = digest
        self.grant = grant
    }

    /// The entry of the setting: `NAME/SCOPES/DIGEST`, and `/EXPIRY` if the key expires. Scopes are separated by `+`.
    /// The expiry is the last day on which the key works, in UTC.
    package var entry: String {
        let scopes = grant.scopes.map(\.text).joined(separator: "+")
        let parts = [grant.name, scopes, digest.hex]
        return (parts + (grant.expires.map { [ExpiryDate(lastDayBefore: $0).text] } ?? [])).joined(separator: "/")
    }

    /// Parses an entry.
    /// - Throws: ``ParseError`` for the first part that is wrong.
    package init(parsing entry: String) throws(ParseError) {
        let parts = entry.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 || parts.count == 4 else {
            throw ParseError("must be NAME/SCOPES/DIGEST or NAME/SCOPES/DIGEST/EXPIRY")
        }
        let name = try ConfiguredAPIKey.part("NAME") { () throws(ParseError) in try APIKeyGrant.parseName(parts[0]) }
        let scopes = try ConfiguredAPIKey.part("each of SCOPES") { () throws(ParseError) in
            try APIKeyGrant.parseScopes(parts[1], separator: "+")
        }
        guard !parts[2].hasPrefix("pk_") else {
            throw ParseError("DIGEST must be the digest of a key, and not the key itself")
        }
        guard let digest = APIKeyDigest(hex: parts[2]) else { throw ParseError("DIGEST must be 64 hexadecimal digits") }
        let expires: UnixTime? =
            if parts.count == 4 {
                try ConfiguredAPIKey.part("EXPIRY") { () throws(ParseError) in
                    try ExpiryDate(parsing: parts[3]).end
                }
            } else { nil }
        self.init(digest, APIKeyGrant(name: name, scopes: scopes, expires: expires))
    }

    /// Parses a part, and names it in the error.
    private static func part<Value>(
        _ name: String, _ parse: () throws(ParseError) -> Value
    ) throws(ParseError) -> Value {
        do {
            return try parse()
        } catch {
            throw ParseError("\(name) \(error.rule)")
        }
    }
}

/// The API keys of the setting `POSTERN_API_KEYS`.
package struct ConfiguredAPIKeys: Sendable {
    /// The maximum number of keys. All of them are compared for each request.
    static let maximumCount = 100

    private let keys: [ConfiguredAPIKey]

    /// - Parameter keys: at most ``maximumCount``.
    package init(_ keys: [ConfiguredAPIKey] = []) {
        self.keys = keys
    }

    /// Parses a list of comma-separated entries.
    /// - Throws: ``ParseError`` for the first entry that is wrong, by its number.
    package init(parsing text: String) throws(ParseError) {
        var keys: [ConfiguredAPIKey] = []
        try parseEntries(text) { (number, entry) throws(ParseError) in
            let key: ConfiguredAPIKey
            do throws(ParseError) {
                key = try ConfiguredAPIKey(parsing: entry)
            } catch {
                throw ParseError("is wrong in entry \(number): \(error.rule)")
            }
            guard !keys.contains(where: { $0.digest.matches(key.digest) }) else {
                throw ParseError("is wrong in entry \(number): another entry has the same DIGEST")
            }
            keys.append(key)
        }
        guard keys.count <= ConfiguredAPIKeys.maximumCount else {
            throw ParseError("must have at most \(ConfiguredAPIKeys.maximumCount) entries")
        }
        self.init(keys)
    }

    /// The key with a digest; `nil` if there is none.
    ///
    /// Every key is compared, also after one was found, and each in constant time.
    /// - Parameter matches: compares two digests.
    func key(
        with digest: APIKeyDigest,
        comparedBy matches: (APIKeyDigest, APIKeyDigest) -> Bool = { $0.matches($1) }
    ) -> ConfiguredAPIKey? {
        var found: ConfiguredAPIKey?
        for key in keys where matches(key.digest, digest) { found = key }
        return found
    }
}

/// Calls `body` with each comma-separated entry and its number, from 1. Spaces and tabs around an entry are ignored.
private func parseEntries(
    _ text: String, _ body: (Int, String) throws(ParseError) -> Void
) throws(ParseError) {
    for (index, entry) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
        try body(index + 1, String(entry.trimmingWhitespace()))
    }
}

import Bytes
import Platform
import Web

/// The name of an API key, what it permits, and until when.
package struct APIKeyGrant: Sendable, Equatable {
    /// The maximum number of scopes.
    static let maximumScopeCount = 32

    /// 1 to 64 visible ASCII characters, without `/` and commas. Several keys may have the same name.
    package let name: String
    /// At least one, each once.
    package let scopes: [Scope]
    /// The time from which the key no longer works; `nil` if it does not expire.
    package let expires: UnixTime?

    /// - Parameters:
    ///   - name: a valid name, as of ``parseName(_:)``.
    ///   - scopes: valid scopes, as of ``parseScopes(_:separator:)``.
    package init(name: String, scopes: [Scope], expires: UnixTime?) {
        self.name = name
        self.scopes = scopes
        self.expires = expires
    }

    /// Whether the key no longer works.
    package func isExpired(at now: UnixTime) -> Bool { expires.map { $0 <= now } ?? false }

    /// Parses a name.
    /// - Throws: ``ParseError`` with the rule.
    package static func parseName(_ text: String) throws(ParseError) -> String {
        guard (1...64).contains(text.utf8.count), text.isVisibleASCII, !text.contains(where: { "/,".contains($0) })
        else { throw ParseError("must be 1 to 64 visible ASCII characters, without / and commas", example: "portal") }
        return text
    }

    /// Parses a list of scopes.
    /// - Throws: ``ParseError`` with the rule.
    package static func parseScopes(_ text: String, separator: Character) throws(ParseError) -> [Scope] {
        var scopes: [Scope] = []
        for part in text.split(separator: separator, omittingEmptySubsequences: false) {
            let scope = try Scope(parsing: String(part))
            guard !scopes.contains(scope) else { throw ParseError("must not contain the same scope twice") }
            scopes.append(scope)
        }
        guard scopes.count <= maximumScopeCount else { throw ParseError("must be at most \(maximumScopeCount)") }
        return scopes
    }
}

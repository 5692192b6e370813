import Bytes
import Net
import Platform
import Settings

/// The settings of every program that answers requests.
package struct WebSettings: Sendable {
    /// `POSTERN_BASE_PATH`: a prefix of every route's path. Default: none.
    package let basePath: String
    /// `POSTERN_TRUSTED_PROXIES`: proxies whose `X-Forwarded-For` entries are trusted. Default: none.
    package let trustedProxies: TrustedProxies

    /// Reads the settings.
    /// - Throws: ``SettingError`` for the first setting that is invalid.
    package init(_ environment: Environment) throws(SettingError) {
        basePath =
            try environment.optional("POSTERN_BASE_PATH", example: "/api") { (text) throws(ParseError) in
                let path = try PortalPath(parsingPathAlone: text).text
                guard !path.hasSuffix("/") else { throw ParseError("must not end in /") }
                return path
            } ?? ""
        trustedProxies = TrustedProxies(
            try environment.optional(
                "POSTERN_TRUSTED_PROXIES", example: "10.4.7.0/24,fd00:4:7::/64", WebSettings.addressBlocks) ?? [])
    }

    /// - Parameter basePath: empty, or a path without a `/` at its end.
    package init(basePath: String = "", trustedProxies: TrustedProxies = TrustedProxies([])) {
        self.basePath = basePath
        self.trustedProxies = trustedProxies
    }

    private static func addressBlocks(_ text: String) throws(ParseError) -> [AddressBlock] {
        try parseList(text) { (entry) throws(ParseError) in
            guard let block = AddressBlock(parsing: entry) else {
                throw ParseError(
                    "must be comma-separated IP addresses or CIDR blocks, with no bits set after the prefix")
            }
            return block
        }
    }
}

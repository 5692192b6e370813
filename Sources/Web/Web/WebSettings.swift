import Bytes
import Net
import Platform
import Settings

/// The settings of every program that answers requests.
package struct WebSettings: Sendable {
    /// `POSTERN_BASE_PATH`: a prefix of every route's path. Default: none.
    package let basePath: String
    /// `POSTERN_TRUSTED_PROXIES`: proxies whose `X-Forwarded-For` entries are trusted: addresses, blocks of them, and `unix`
    /// for those that connect by a Unix socket. Default: none.
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
        trustedProxies =
            try environment.optional(
                "POSTERN_TRUSTED_PROXIES", example: "10.4.7.0/24,fd00:4:7::/64", WebSettings.proxies)
            ?? TrustedProxies([])
    }

    /// - Parameter basePath: empty, or a path without a `/` at its end.
    package init(basePath: String = "", trustedProxies: TrustedProxies = TrustedProxies([])) {
        self.basePath = basePath
        self.trustedProxies = trustedProxies
    }

    private static func proxies(_ text: String) throws(ParseError) -> TrustedProxies {
        let blocks = try parseList(text) { (entry) throws(ParseError) -> AddressBlock? in
            if entry == "unix" { return nil }
            guard let block = AddressBlock(parsing: entry) else {
                throw ParseError(
                    "must be comma-separated IP addresses or CIDR blocks, with no bits set after the prefix, or unix")
            }
            guard !block.isTooWide else {
                throw ParseError(
                    "must not contain a block wider than /8, or /16 for IPv6: every client in it could claim any address"
                )
            }
            return block
        }
        return TrustedProxies(blocks.compactMap(\.self), includesUnixSockets: blocks.contains(nil))
    }
}

import Bytes
import Net

/// Proxies whose `X-Forwarded-For` entries are trusted.
package struct TrustedProxies: Sendable, Equatable {
    private let blocks: [AddressBlock]
    /// Whether all that connect by a Unix socket are trusted: they have no address.
    package let includesUnixSockets: Bool

    package init(_ blocks: [AddressBlock], includesUnixSockets: Bool = false) {
        self.blocks = blocks
        self.includesUnixSockets = includesUnixSockets
    }

    /// The client's IP address: the rightmost entry of `X-Forwarded-For` that is not a trusted proxy if the peer is a
    /// trusted proxy, otherwise the peer.
    ///
    /// Each proxy appends the address that it was called from. So the list is read from its end, for as long as the
    /// proxy that appended the entry is trusted. An entry that is not an IP address ends the search; the last valid one
    /// counts.
    /// - Parameters:
    ///   - peer: the IP address at the other end of the connection; `nil` if unknown, as for a Unix socket.
    ///   - forwardedFor: all lines of the field, joined by commas.
    /// - Returns: `nil` if the peer is unknown, and no proxy names the client.
    package func clientAddress(peer: IPAddress?, forwardedFor: String?) -> IPAddress? {
        guard let forwardedFor, peer.map(isTrusted) ?? includesUnixSockets else { return peer }
        var address = peer
        var rest = Substring(forwardedFor).utf8
        while address.map(isTrusted) ?? true, !rest.isEmpty {
            let comma = rest.lastIndex(of: UInt8(ascii: ","))
            let hop = Substring(comma.map { rest[$0...].dropFirst() } ?? rest).trimmingWhitespace()
            rest = comma.map { rest[..<$0] } ?? rest[..<rest.startIndex]
            // An empty element counts for nothing (RFC 9110 §5.6.1).
            if hop.isEmpty { continue }
            guard let hop = IPAddress(parsing: hop) else { break }
            address = hop
        }
        return address
    }

    /// The proxy whose entries are ignored; `nil` if there is none. It is the peer, if that is not trusted and names
    /// another client than itself; or the address that is treated as the client, if that is one of a private network and
    /// further entries are in front of it: then it is probably a proxy in front of a trusted one.
    /// - Parameter client: what ``clientAddress(peer:forwardedFor:)`` returned.
    func ignoredProxy(peer: IPAddress?, forwardedFor: String, client: IPAddress?) -> IPAddress? {
        guard let peer, let client else { return nil }
        let isPeerTrusted = isTrusted(peer)
        guard !isPeerTrusted || (client.isPrivate && !isTrusted(client)) else { return nil }
        let hops = forwardedFor.split(separator: ",").map { $0.trimmingWhitespace() }.filter { !$0.isEmpty }
        // On function hosts the peer is the client already, and the last entry, too.
        guard let hop = isPeerTrusted ? hops.first : hops.last, IPAddress(parsing: hop) != client else { return nil }
        return client
    }

    /// Whether an address is that of a trusted proxy.
    package func isTrusted(_ address: IPAddress) -> Bool {
        blocks.contains { $0.contains(address) }
    }
}

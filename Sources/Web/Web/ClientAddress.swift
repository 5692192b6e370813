import Bytes
import Net

/// The proxies whose word is taken for who is behind them.
package struct TrustedProxies: Sendable {
    private let blocks: [AddressBlock]

    package init(_ blocks: [AddressBlock]) {
        self.blocks = blocks
    }

    /// Who asks: the rightmost hop of `X-Forwarded-For` that no trusted proxy added, where the peer is a trusted proxy,
    /// else the peer.
    ///
    /// Each proxy appends the address that it was called from, so the list is read from its end, and only as far as the
    /// one who appended is trusted. A hop that is no address ends the walk at the last one that was.
    /// - Parameter forwardedFor: all lines of the field, joined by commas.
    package func clientAddress(peer: IPAddress?, forwardedFor: String?) -> IPAddress? {
        guard var address = peer, isTrusted(address), let forwardedFor else { return peer }
        var rest = Substring(forwardedFor).utf8
        while isTrusted(address), !rest.isEmpty {
            let comma = rest.lastIndex(of: UInt8(ascii: ","))
            let hop = Substring(comma.map { rest[$0...].dropFirst() } ?? rest)
            guard let hop = IPAddress(parsing: hop.trimmingBlanks()) else { break }
            address = hop
            rest = comma.map { rest[..<$0] } ?? rest[..<rest.startIndex]
        }
        return address
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        blocks.contains { $0.contains(address) }
    }
}

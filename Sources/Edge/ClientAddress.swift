public import HTTPTypes
public import SignIn

/// The proxies whose word is taken for who is behind them.
public struct TrustedProxies: Sendable {
    private let blocks: [AddressBlock]

    public init(_ blocks: [AddressBlock]) {
        self.blocks = blocks
    }

    /// Who asks: the rightmost hop of `X-Forwarded-For` that no trusted proxy added, where the peer is a trusted proxy, else
    /// the peer.
    ///
    /// Each proxy appends the address that it was called from, so the list is read from its end, and only as far as the one
    /// who appended is trusted. A hop that is no address ends the walk at the last one that was.
    public func clientAddress(peer: IPAddress?, fields: HTTPFields) -> IPAddress? {
        guard var address = peer, isTrusted(address) else { return peer }
        let lines = fields[values: .xForwardedFor]
        for line in lines.reversed() {
            for hop in line.split(separator: ",", omittingEmptySubsequences: false).reversed() {
                guard let hop = IPAddress(parsing: hop.trimmingBlanks()) else { return address }
                address = hop
                guard isTrusted(address) else { return address }
            }
        }
        return address
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        blocks.contains { $0.contains(address) }
    }
}

extension Substring {
    /// Without the blanks and tabs around it (OWS, RFC 9110 §5.6.3).
    func trimmingBlanks() -> Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

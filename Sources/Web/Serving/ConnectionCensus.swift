import Net
import Synchronization
import Web

/// The number of a server's open connections, together and by the network of the client.
final class ConnectionCensus: Sendable {
    private let openCount = Atomic(0)
    private let countByNetwork = Mutex<[UInt64: Int]>([:])
    private let limit: Int
    private let limitByNetwork: Int
    private let proxies: TrustedProxies

    /// - Parameters:
    ///   - limit: the maximum number of connections.
    ///   - limitByNetwork: the maximum number of connections from one network.
    ///   - proxies: peers that connect for many clients, whose connections are not limited by network.
    init(limit: Int, limitByNetwork: Int, proxies: TrustedProxies) {
        self.limit = limit
        self.limitByNetwork = limitByNetwork
        self.proxies = proxies
    }

    /// The number of further connections that may be accepted.
    var freeCount: Int { limit - openCount.load(ordering: .relaxed) }

    /// Whether so many connections are open that some must make room before the limit is reached.
    var isCrowded: Bool { freeCount < max(1, limit / 16) }

    /// Whether no further connection can be accepted.
    var isFull: Bool { freeCount <= 0 }

    /// The number of connections that make room at once. Each time, all connections are looked at.
    var batchCount: Int { max(1, limit / 64) }

    /// The number of connections of a network that make room at once.
    var networkBatchCount: Int { max(1, limitByNetwork / 64) }

    /// Records connections that were accepted, or have closed.
    func adjust(by difference: Int) { openCount.add(difference, ordering: .relaxed) }

    /// The network of a peer, by which its connections are counted: an IPv4 address, or the /64 of an IPv6 address.
    /// `nil` if they are not, because the peer is a trusted proxy or has no address.
    func network(of peer: IPAddress?) -> UInt64? {
        guard let peer, !proxies.isTrusted(peer) else { return nil }
        return switch peer.untranslated {
        case .v4(let bits): UInt64(bits)
        // No global address starts with 64 zero bits, so it cannot equal one of IPv4.
        case .v6(let bits): UInt64(truncatingIfNeeded: bits >> 64)
        }
    }

    /// Counts a connection.
    /// - Returns: whether the network has no more connections than it may.
    func opened(from network: UInt64?) -> Bool {
        guard let network else { return true }
        return countByNetwork.withLock { counts in
            counts[network, default: 0] += 1
            return counts[network, default: 0] <= limitByNetwork
        }
    }

    /// Counts the end of a connection.
    func closed(from network: UInt64?) {
        guard let network else { return }
        countByNetwork.withLock { counts in
            guard let count = counts[network] else { return }
            counts[network] = count > 1 ? count - 1 : nil
        }
    }
}

import NIOCore
import Web

/// The address of an HTTP server, its timeouts and its limits.
package struct HTTPServerConfiguration: Sendable {
    /// The name or IP address to listen on.
    package var host: String
    /// 0 to 65535; 0 takes a free port.
    package var port: Int
    /// The descriptor of a socket that is already listening. If set, it is used instead of the address.
    package var listeningSocket: Int?
    /// The longest time a request may take to arrive, from its first byte to its last.
    package var requestTimeout = TimeAmount.seconds(10)
    /// The longest time until the first byte of a new connection: as short as for the rest of a request.
    package var firstByteTimeout = TimeAmount.seconds(10)
    /// The longest time a connection may be silent between requests.
    package var idleTimeout = TimeAmount.seconds(75)
    /// The longest time to read and discard the rest of a refused request. Without this, a reset could keep the client
    /// from reading the refusal.
    package var lingerTimeout = TimeAmount.seconds(1)
    /// The maximum number of open connections; further ones wait in the listener's backlog.
    package var maximumConnectionCount = 4096
    /// The maximum number of open connections from one IPv4 address or /64 of IPv6. Beyond it, the network's own
    /// connections that are longest without a request make room.
    package var maximumConnectionsPerNetwork = 512
    /// Peers that connect for many clients. Their connections are not limited by network.
    package var trustedProxies = TrustedProxies([])
    /// The memory that connections may use together, in bytes: what their requests take, and the responses that
    /// clients have not read. Beyond it, the connections that use the most are closed.
    package var maximumMemoryByteCount = 72 * 1024 * 1024
    /// The maximum size of all header fields of a request together, in bytes.
    package var maximumHeaderByteCount = 16 * 1024
    /// The time for which connections are still accepted after shutdown begins, until load balancers notice.
    package var drainDelay = TimeAmount.seconds(2)
    /// The longest time to wait after that for connections with a request in flight.
    package var drainTimeout = TimeAmount.seconds(5)
    /// The part of `drainTimeout` for which a new connection's first request is waited for.
    package var firstRequestTimeout = TimeAmount.seconds(1)

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

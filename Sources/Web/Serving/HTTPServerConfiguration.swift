import NIOCore

/// Where HTTP is served, and how long and how much of it is waited for.
package struct HTTPServerConfiguration: Sendable {
    package var host: String
    /// 0 takes a free port.
    package var port: Int
    /// A socket that listens already, in the address' stead.
    package var listeningSocket: Int?
    /// How long a request may take to arrive, from its first byte to its last.
    package var requestTimeout = TimeAmount.seconds(10)
    /// How long a connection may be silent between requests.
    package var idleTimeout = TimeAmount.seconds(60)
    /// How long the rest of a refused request is read and thrown away, so that the refusal is not lost in a reset.
    package var lingerTimeout = TimeAmount.seconds(1)
    /// How many connections are open at once; more wait in the listener's backlog.
    package var maximumConnectionCount = 4096
    /// How many bytes all header fields of a request may have together.
    package var maximumHeaderByteCount = 16 * 1024
    /// How long new connections are still taken after the signal to end, while load balancers take notice.
    package var drainDelay = TimeAmount.seconds(2)
    /// How long connections with a request in flight are then waited for.
    package var drainTimeout = TimeAmount.seconds(5)
    /// How long, of that, the first request of a connection that was only just made is waited for.
    package var firstRequestTimeout = TimeAmount.seconds(1)

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

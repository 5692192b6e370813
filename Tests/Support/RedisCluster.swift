import Foundation

/// A Redis Cluster of three primaries on free ports. It is killed when this object is released.
package final class RedisCluster: Sendable {
    package let nodes: [RedisServer]

    /// Starts the nodes, gives each a third of the slots, and waits until all of them serve.
    package init() async throws {
        var nodes: [RedisServer] = []
        for _ in 0..<3 {
            nodes.append(
                try await RedisServer(arguments: ["--cluster-enabled", "yes", "--cluster-port", "\(try freePort())"]))
        }
        self.nodes = nodes
        let addresses = nodes.map { "127.0.0.1:\($0.port)" }
        _ = try ChildProcess.output("redis-cli", ["--cluster", "create"] + addresses + ["--cluster-yes"])
        try await eventually(within: .seconds(30), "the cluster to serve") {
            try nodes.allSatisfy { try $0.command("CLUSTER", "INFO").contains("cluster_state:ok") }
        }
    }

    /// The node that holds the slot of a key.
    package func node(of key: String) throws -> RedisServer {
        for node in nodes where try !node.command("EXISTS", key).hasPrefix("MOVED") { return node }
        throw Timeout(description: "no node holds \(key)")
    }
}

import Cryptography

/// A Lua script, called by its digest.
package struct Script: Sendable {
    private let text: String
    /// SHA-1, in lower-case hexadecimal.
    let digest: String

    /// - Parameter bytes: its text.
    package init(_ bytes: [UInt8]) {
        text = String(decoding: bytes, as: UTF8.self)
        digest = Digest.sha1.hex(of: bytes)
    }

    /// The command that makes the script known to a server.
    var load: RedisCommand { RedisCommand("SCRIPT", "LOAD", text) }

    /// Calls the script; where the server has forgotten it, with its text, which makes it known again.
    ///
    /// - Parameters:
    ///   - mayRepeat: whether it may be called again where its answer was lost: it then must change nothing the second
    ///     time.
    ///   - append: appends the number of keys, the keys, and the arguments.
    package func call(
        on redis: RedisClient, mayRepeat: Bool = true, capacity: Int = 512, _ append: (inout RedisCommand) -> Void
    ) async throws(RedisError) -> RESPValue {
        var command = RedisCommand("EVALSHA", capacity: capacity)
        command.append(digest)
        append(&command)
        do {
            return try await redis.send(command, isIdempotent: mayRepeat)
        } catch .server(code: "NOSCRIPT", _) {
            var command = RedisCommand("EVAL", capacity: capacity + text.utf8.count)
            command.append(text)
            append(&command)
            return try await redis.send(command, isIdempotent: mayRepeat)
        }
    }
}

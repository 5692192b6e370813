import Cryptography

/// A Lua script, which is called by its digest.
package struct Script: Sendable {
    private let text: String
    /// The text's SHA-1, in lower-case hexadecimal.
    let digest: String

    /// - Parameter bytes: the script's text.
    package init(_ bytes: [UInt8]) {
        text = String(decoding: bytes, as: UTF8.self)
        digest = Digest.sha1.hex(of: bytes)
    }

    /// The command that loads the script into a server.
    var load: RedisCommand { RedisCommand("SCRIPT", "LOAD", text) }

    /// Calls the script by its digest. If the server does not have it, calls it by its text, which also loads it.
    ///
    /// - Parameters:
    ///   - mayRepeat: whether the script may be called again if its reply was lost. The second call must then change
    ///     nothing.
    ///   - capacity: the number of bytes to reserve memory for.
    ///   - append: appends the number of keys, the keys, and the arguments.
    /// - Throws: ``RedisError``.
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

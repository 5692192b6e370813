import Cryptography

/// The text of a Lua script, and the names of its keys and arguments.
package struct ScriptSource: Sendable {
    /// The names of the keys, in order; the keys of buckets follow them.
    package let keyNames: [String]
    /// The names of the arguments, in order; the settings of buckets, or further arguments, follow them.
    package let argumentNames: [String]
    package let text: String
    /// The text's SHA-1, in lower-case hexadecimal.
    let digest: String

    /// - Parameter bytes: the script's text.
    package init(_ bytes: [UInt8], keyNames: [String] = [], argumentNames: [String] = []) {
        text = String(decoding: bytes, as: UTF8.self)
        digest = Digest.sha1.hex(of: bytes)
        self.keyNames = keyNames
        self.argumentNames = argumentNames
    }

    /// The command that loads the script into a server.
    var load: RedisCommand { RedisCommand("SCRIPT", "LOAD", text) }

    /// Calls the script by its digest. If the server does not have it, calls it by its text, which also loads it.
    /// - Parameters:
    ///   - mayRepeat: whether the script may be called again if its reply was lost. The second call must then change
    ///     nothing.
    ///   - capacity: the number of bytes to reserve memory for.
    ///   - append: appends the number of keys, the keys, and the arguments.
    /// - Throws: ``RedisError``.
    func call(
        on redis: RedisClient, mayRepeat: Bool, capacity: Int, _ append: (inout RedisCommand) -> Void
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

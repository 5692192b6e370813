import Redis

/// Trials in which Redis refuses one command of a script: the script must then have changed nothing.
package enum CommandDenial {
    /// The commands that scripts call, found in their texts.
    package static func commands(of scripts: [ScriptSource]) -> [String] {
        var commands: Set<String> = []
        for script in scripts {
            for call in script.text.matches(of: /redis\.p?call\([^']*'([A-Z]+)'/) {
                commands.insert(String(call.output.1))
            }
        }
        return commands.sorted()
    }

    /// Runs an operation while Redis refuses a command to everybody.
    /// - Returns: the changes that it left although it failed; empty if it succeeded, or left none.
    package static func changes(
        denying command: String, on server: RedisServer, _ operation: () async throws -> Void
    ) async throws -> [String] {
        let before = try contents(of: server)
        try server.command("ACL", "SETUSER", "default", "-\(command)")
        var failed = false
        do { try await operation() } catch { failed = true }
        try server.command("ACL", "SETUSER", "default", "+@all")
        guard failed else { return [] }
        return Array(Set(try contents(of: server)).symmetricDifference(before)).sorted()
    }

    /// Each key with its value. Streams are listed with their groups' pending entries. Expiration times are left out.
    package static func contents(of server: RedisServer) throws -> [String] {
        let script = """
            local lines = {}
            for _, key in ipairs(redis.call('KEYS', '*')) do
              local value
              if redis.call('TYPE', key).ok == 'stream' then
                value = cmsgpack.pack(redis.call('XRANGE', key, '-', '+'))
                for _, group in ipairs(redis.call('XINFO', 'GROUPS', key)) do
                  value = value .. cmsgpack.pack(redis.call('XPENDING', key, group[2]))
                end
              else
                value = redis.call('DUMP', key)
              end
              lines[#lines + 1] = key .. ' ' .. redis.sha1hex(value)
            end
            return table.concat(lines, '\\n')
            """
        return try server.command("EVAL", script, "0").split(separator: "\n").map(String.init)
    }
}

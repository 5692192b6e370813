/// A setting of Redis under which what is stored can be lost.
package struct SetupWarning: Sendable, Equatable {
    /// The name of the setting, or `version`.
    package let setting: String
    /// Its value, as Redis tells it.
    package let value: String
    /// A description of the right values.
    package let right: String
}

extension RedisClient {
    /// Looks at the version of Redis, and at the settings on which stored data depends. What the user of the connection
    /// may not read is passed over.
    /// - Returns: those that are wrong.
    package func setupWarnings() async throws(RedisError) -> [SetupWarning] {
        var warnings: [SetupWarning] = []
        func expect(_ setting: String, _ value: String?, _ right: String, _ isRight: (String) -> Bool) {
            guard let value = value.map({ String($0.prefix(64)) }), !isRight(value) else { return }
            warnings.append(SetupWarning(setting: setting, value: value, right: right))
        }
        let info = RedisClient.fields(of: try await readable("INFO"))
        expect("version", info["redis_version"], "7.0 or later") { (Int($0.prefix { $0 != "." }) ?? 0) >= 7 }
        if info["maxmemory"] != "0" {
            expect("maxmemory-policy", info["maxmemory_policy"], "noeviction") { $0 == "noeviction" }
        }
        let appends = info["aof_enabled"].map { $0 == "0" ? "no" : "yes" }
        expect("appendonly", appends, "yes") { $0 == "yes" }
        if appends == "yes", case .array(let pair)? = try await readable("CONFIG", "GET", "appendfsync"),
            pair.count == 2, case .bulk(let value) = pair[1]
        {
            expect("appendfsync", String(decoding: value, as: UTF8.self), "everysec or always") { $0 != "no" }
        }
        return warnings
    }

    /// The reply to a command; `nil` if the user may not send it, or Redis does not have it.
    private func readable(_ words: String...) async throws(RedisError) -> RESPValue? {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        do {
            return try await send(command, isIdempotent: true)
        } catch .server {
            return nil
        }
    }

    /// The fields in a reply to `INFO`: lines of a name, a colon and a value.
    private static func fields(of reply: RESPValue?) -> [Substring: String] {
        guard case .bulk(let text)? = reply else { return [:] }
        var fields: [Substring: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = String(line[line.index(after: colon)...])
        }
        return fields
    }
}

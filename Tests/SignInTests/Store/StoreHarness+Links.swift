import Platform
import Redis
import TestSupport

@testable import SignIn

/// Time, and the links that are stored.
extension StoreHarness {
    /// A script that lets time pass for the keys of a pattern: each expires a number of milliseconds earlier, and so do
    /// links. Other values do not change, so a bucket is full again once its key has expired, and no fuller before.
    static let passing = script(
        """
        local ms = tonumber(ARGV[2])
        for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
          if string.find(key, ':links:', 1, true) then
            local links = links_at(key)
            for _, link in ipairs(links) do
              link.issued, link.ends, link.kept_until = link.issued - ms, link.ends - ms, link.kept_until - ms
              if link.exchange then link.exchange.ends = link.exchange.ends - ms end
              if link.code and link.code.ends then link.code.ends = link.code.ends - ms end
            end
            redis.call('SET', key, packed(links), 'KEEPTTL')
          elseif string.find(key, ':wrong:', 1, true) then
            local value = redis.call('GET', key)
            local expiry = struct.unpack('>I8', value) - ms * 1000
            redis.call('SET', key, struct.pack('>I8', expiry) .. string.sub(value, 9), 'KEEPTTL')
          end
          local left = redis.call('PTTL', key)
          if left >= 0 then redis.call('PEXPIRE', key, left - ms) end
        end
        """)

    /// A script with the shared functions of the scripts of sign-in.
    static func script(_ body: String) -> String {
        String(decoding: Buckets.script + PackageResources.Links_lua, as: UTF8.self) + body
    }

    /// Lets time pass.
    func pass(_ time: Duration) async throws {
        try await command("EVAL", StoreHarness.passing, "0", "*", "\(time.milliseconds)")
    }

    /// A script that lets time pass for buckets alone: they become fuller.
    private static let passingBuckets = """
        local us = tonumber(ARGV[1])
        for _, kind in ipairs({ 'ip', 'to', 'verify', 'code' }) do
          for _, key in ipairs(redis.call('KEYS', 'postern:' .. kind .. ':*')) do
            local left = redis.call('PTTL', key) - us / 1000
            if left > 0 then
              local full = struct.unpack('>I8', redis.call('GET', key))
              redis.call('SET', key, struct.pack('>I8', full - us), 'PX', left)
            else
              redis.call('DEL', key)
            end
          end
        end
        """

    /// Lets time pass for buckets alone.
    func passBuckets(_ time: Duration) async throws {
        try await command("EVAL", StoreHarness.passingBuckets, "0", "\(time.microseconds)")
    }

    /// Lets time pass until an email's link has just expired.
    func expire(_ mail: SentMail) async throws {
        let left = try await value("link.ends - now_ms", of: mail)
        try await pass(.milliseconds(left + 1))
    }

    /// A string or an integer that a Lua expression has for an email's `link`.
    private func reply(to expression: String, of mail: SentMail) async throws -> RESPValue {
        let body = """
            for _, link in ipairs(links_at(KEYS[1])) do
              if link.id == ARGV[1] then return \(expression) end
            end
            return -1
            """
        return try await command("EVAL", StoreHarness.script(body), "1", mail.linksKey, mail.token.id)
    }

    /// The integer that a Lua expression has for an email's `link`.
    func value(_ expression: String, of mail: SentMail) async throws -> Int {
        let reply = try await reply(to: expression, of: mail)
        guard case .integer(let number) = reply else { throw NotAsExpected(reply: reply) }
        return number
    }

    /// The string that a Lua expression has for an email's `link`.
    func bytes(_ expression: String, of mail: SentMail) async throws -> [UInt8] {
        let reply = try await reply(to: expression, of: mail)
        guard case .bulk(let bytes) = reply else { throw NotAsExpected(reply: reply) }
        return bytes
    }

    /// Whether an email's code is stored, and has tries left.
    func hasCode(_ mail: SentMail) async throws -> Bool {
        try await value("link.code and (link.code.tries or 0) < 5 and 1 or 0", of: mail) == 1
    }

    /// Runs a Lua statement on an email's stored `link`.
    func edit(_ mail: SentMail, _ statement: String) async throws {
        let body = """
            local links = links_at(KEYS[1])
            for _, link in ipairs(links) do
              if link.id == ARGV[1] then \(statement) end
            end
            redis.call('SET', KEYS[1], packed(links), 'KEEPTTL')
            """
        try await command("EVAL", StoreHarness.script(body), "1", mail.linksKey, mail.token.id)
    }
}

import Cryptography
import Logging
import Platform
import Redis
import ServerProcess
import Settings
import Testing

@testable import postern_handler

@Suite
struct SharedSettingsTests {
    private func shared(_ name: String, _ value: String) throws -> SharedSettings {
        try handlerSettings(name, value).server.shared
    }

    private func redis(_ name: String, _ value: String) throws -> RedisSettings {
        try handlerSettings(name, value).server.redis
    }

    @Test("a setting that is not set has its default")
    func defaults() throws {
        let variables = ["REDIS_URL": "redis://localhost", "POSTERN_SECRET_KEYS": "k1:\(SampleKey.first)"]
        let settings = try SharedSettings(Environment(variables))
        let redis = try RedisSettings(Environment(variables))
        #expect(redis.url.address == .host("localhost", port: 6379))
        #expect(redis.url.isTLS == false)
        #expect(redis.url.user == nil)
        #expect(redis.url.password == nil)
        #expect(redis.url.database == 0)
        #expect(redis.certificateAuthorities == nil)
        #expect(redis.timeout == .seconds(1))
        #expect(redis.keyPrefix == "postern:")
        #expect(settings.logLevel == .info)
    }

    @Test("the URL of Redis is read")
    func redis() throws {
        let tls = try redis("REDIS_URL", "rediss://door:p%40ss@redis.example.com:6390/3").url
        #expect(tls.address == .host("redis.example.com", port: 6390))
        #expect(tls.isTLS)
        #expect(tls.user == "door")
        #expect(tls.password?.matches(Secret(copying: Array("p@ss".utf8))) == true)
        #expect(tls.database == 3)
        #expect(try redis("REDIS_URL", "unix:///run/redis.sock").url.address == .socket(path: "/run/redis.sock"))
    }

    @Test("the file of certificate authorities is read")
    func certificateAuthorities() throws {
        #expect(try redis("SSL_CERT_FILE", "/etc/ca.pem").certificateAuthorities == "/etc/ca.pem")
    }

    static let timeouts: [(String, Duration)] = [
        ("10ms", .milliseconds(10)), ("250ms", .milliseconds(250)), ("1s", .seconds(1)), ("30s", .seconds(30)),
        ("30000ms", .seconds(30)),
    ]

    @Test("the timeout of a command is 10 ms to 30 s", arguments: SharedSettingsTests.timeouts)
    func timeout(text: String, expected: Duration) throws {
        #expect(try redis("POSTERN_REDIS_TIMEOUT", text).timeout == expected)
    }

    @Test("keys keep their order and their names")
    func keys() throws {
        let text = "2025-b:\(SampleKey.second),OLD_1:\(SampleKey.first),abcdefghij123456:\(SampleKey.third)"
        let entries = try shared("POSTERN_SECRET_KEYS", text).secretKeys
        #expect(entries.map(\.id) == ["2025-b", "OLD_1", "abcdefghij123456"])
        let starts: [UInt8] = [0, 0x80, 0xE0]
        for (entry, start) in zip(entries, starts) {
            let expected = (UInt8(0)..<32).map { start + $0 }
            #expect(entry.key.withUnsafeBytes { Array($0) } == expected)
        }
    }

    @Test(
        "a prefix has 1 to 64 visible characters",
        arguments: ["p", "p:", "{tag}:", "!~", String(repeating: "x", count: 64)])
    func keyPrefix(text: String) throws {
        #expect(try redis("POSTERN_KEY_PREFIX", text).keyPrefix == text)
    }

    @Test("every log level can be set", arguments: Logger.Level.allCases)
    func logLevel(level: Logger.Level) throws {
        #expect(try shared("POSTERN_LOG_LEVEL", level.rawValue).logLevel == level)
    }

    @Test("neither keys nor the password of Redis are printed")
    func printing() throws {
        let settings = try handlerSettings([
            "REDIS_URL": "redis://door:hunter2%40@redis.internal:6380",
            "POSTERN_SECRET_KEYS": "k1:\(SampleKey.first),k2:\(SampleKey.second)",
        ])
        var dumped = ""
        dump(settings, to: &dumped)
        let whole = ["\(settings)", String(reflecting: settings), dumped]
        for text in whole + ["\(settings.server.shared)"] { #expect(text.contains("<secret>")) }
        for text in whole + ["\(settings.server.redis)"] { #expect(text.contains("redis.internal")) }
        for text in whole + ["\(settings.server.shared)", "\(settings.server.redis)"] {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains(SampleKey.first.prefix(8)))
            #expect(!text.contains(SampleKey.second.prefix(8)))
        }
    }
}

import Platform
import Settings
import Testing

@testable import postern_handler

@Suite
struct SettingErrorTests {
    @Test("a required setting must be set", arguments: ["REDIS_URL", "POSTERN_ALLOWED_ORIGINS", "POSTERN_SECRET_KEYS"])
    func missing(name: String) throws {
        var variables = requiredVariables
        variables[name] = nil
        let unset = Environment(variables)
        let error = try #require(throws: SettingError.self) { try HandlerSettings(unset) }
        #expect(error.description.hasPrefix("\(name) must be set; for example \(name)="))
        // A setting that is set to an empty text counts as not set.
        #expect(throws: error) { try handlerSettings(name, "") }
    }

    /// A variable and invalid values. No value is part of the variable's rule or example.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let values: [String]
        var testDescription: String { name }
    }

    private static let limits = [
        "77", "0/15m", "20/25h", "20/999ms", "1000001/1d", "200001/1s", "ten/15m", "OFF", "yes", "10/10m/", "20/-1m",
        " 20/1m", "20:1m", "20/1m,30/1m",
    ]

    static let cases = [
        Case(
            name: "REDIS_URL",
            values: [
                "http://redis.internal:6379", "redis.internal:6379", "REDIS://redis.internal",
                "redis://h8dden@redis.internal", "redis://:h8dden@", "redis://:h8dden@redis.internal:70000",
                "redis://:h8dden@redis.internal:0", "redis://:h8dden@redis.internal/x",
                "redis://:h8dden@redis.internal/0?timeout=9", "redis://:h8dden%@redis.internal",
                "redis://door:h8@dden@redis.internal", "unix://redis.internal/run/redis.sock",
            ]),
        Case(
            name: "POSTERN_REDIS_TIMEOUT",
            values: ["9ms", "5ms", "31s", "30001ms", "1m", "20", "-1s", "1 s", "2.5s", "soon"]),
        Case(
            name: "POSTERN_KEY_PREFIX",
            values: [
                String(repeating: "x", count: 65), "two words:", "pöstern:", "tab\t:", "line\n:", "delete\u{7F}:",
                "\0:",
            ]),
        Case(
            name: "POSTERN_SECRET_KEYS",
            values: [
                "key-one", "key-one:", SampleKey.first, ":\(SampleKey.first)", "key-one:h8dden",
                "key-one:\(SampleKey.first),", ",key-one:\(SampleKey.first)",
                "key-one:\(SampleKey.first),,key-two:\(SampleKey.second)",
                "key-one:\(SampleKey.first) key-two:\(SampleKey.second)", "key one:\(SampleKey.first)",
                "këy:\(SampleKey.first)", "key.one:\(SampleKey.first)", "abcdefghij1234567:\(SampleKey.first)",
                "key-one: \(SampleKey.first)", "key-one:\(SampleKey.first)\n", "key-one=\(SampleKey.first)",
                "key-one:\(SampleKey.first.dropLast())",
                // 31 and 33 bytes, and base64url.
                "key-one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
                "key-one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
                "key-one:4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
                "key-one:4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8",
                "key-one:\(SampleKey.first),key-one:\(SampleKey.second)",
                "key-one:\(SampleKey.first),key-one:\(SampleKey.first)",
            ]),
        Case(
            name: "POSTERN_LOG_LEVEL",
            values: ["INFO", "Info", "verbose", "fatal", "info ", "5", "none"]),
        Case(
            name: "POSTERN_ALLOWED_ORIGINS",
            values: [
                "portal.internal", "https://portal.internal/a", "https://portal.internal?a", "https://portal.internal,",
                ",https://portal.internal", "https://portal.internal,,https://b.internal",
                "https://portal.internal https://b.internal", "https://portal.internal;https://b.internal",
                "https://user@portal.internal", "https://pörtal.internal", "https://portal.internal:0",
                "https://portal.internal:65536", "https://*.com", "https://*.internal", "https://a.*.internal",
                "https://portal.internal:*", "http://*.localhost:*", "ftp://portal.internal",
                "https://portal.internal.", "https://127.1", "   ", "null",
            ]),
        Case(
            name: "POSTERN_DEFAULT_ORIGIN",
            values: [
                "https://other.internal", "portal.internal", "https://portal.example.com/a",
                "http://portal.example.com", "https://portal.example.com:8443", "https://a.portal.example.com",
                "https://*.internal", "null", "https://portal.example.com@b.internal",
            ]),
        Case(
            name: "POSTERN_CALLBACK_PATH",
            values: [
                "signin", "//b.internal", "/a?b", "/a#b", "/a/../b", "/a b", "/a%5Cb", "/%2Fb.internal", "/ä", "/a\\b",
                "/a\nb",
                "https://b.internal/in", "/" + String(repeating: "x", count: 2048),
            ]),
        Case(
            name: "POSTERN_BASE_PATH",
            values: ["base", "//b.internal", "/v1/", "/v1?x", "/v1#x", "/v1/../v2", "/v 1", "/v1\\", "/%2Fb", "/vé"]),
        Case(
            name: "POSTERN_LINK_LIFETIME",
            values: ["59s", "59999ms", "0m", "25h", "1441m", "86401s", "2d", "900", "15 m", "-15m", "1.5h", "forever"]),
        Case(name: "POSTERN_NEWEST_LINK_ONLY", values: ["true", "1", "yes", "Off", "On", "on,off", "newest", "öff"]),
        Case(
            name: "POSTERN_LANDING_URL",
            values: [
                "auth.internal", "http://auth.internal", "ftp://auth.internal", "//auth.internal", "https:///door",
                "https://auth.internal?h8dden", "https://auth.internal/?h8dden", "https://auth.internal#h8dden",
                "https://door:h8dden@auth.internal", "https://auth.internal:0", "https://auth.internal:65536",
                "https://auth.internal/..", "https://auth.internal//x", "https://auth.internal/a b",
                "https://dör.internal", "https://auth.internal/ä", "https://*.auth.internal", "https://auth.internal\n",
                "https://auth.internal,https://b.internal", "http://0.0.0.0:8080",
            ]),
        Case(name: "POSTERN_LINK_RETENTION", values: ["59s", "0m", "8d", "169h", "off", "86400", "1 d", "-1d"]),
        Case(
            name: "POSTERN_SIGNING_KEYS",
            values: [
                "key-one", "key-one:", SampleKey.first, ":\(SampleKey.first)", "key-one:h8dden",
                "key-one:\(SampleKey.first),", "key one:\(SampleKey.first)", "abcdefghij1234567:\(SampleKey.first)",
                "key-one:\(SampleKey.first);key-two:\(SampleKey.second)", "key-one:\(SampleKey.first.dropLast())",
                // 31 and 33 bytes, and base64url.
                "key-one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
                "key-one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
                "key-one:4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
                "key-one:\(SampleKey.first),key-one:\(SampleKey.second)",
            ]),
        Case(
            name: "POSTERN_ISSUER",
            values: [
                "two words", " door", "door ", "tab\there", "line\n", "delete\u{7F}", "dör", "\0", "door\u{200B}",
                String(repeating: "x", count: 257),
            ]),
        Case(name: "POSTERN_IP_LIMIT", values: limits),
        Case(name: "POSTERN_RECIPIENT_LIMIT", values: limits),
        Case(name: "POSTERN_MAILBOX_LIMIT", values: limits),
        Case(name: "POSTERN_RECIPIENT_ALIASES", values: ["yes", "ON", "1", "true"]),
        Case(name: "POSTERN_GLOBAL_LIMIT", values: limits),
        Case(name: "POSTERN_GLOBAL_CODE_LIMIT", values: limits),
        Case(name: "POSTERN_VERIFY_LIMIT", values: limits),
        Case(name: "POSTERN_CODE_LIMIT", values: limits),
        Case(
            name: "POSTERN_TRUSTED_PROXIES",
            values: [
                "10.0.0.1/8", "10.0.0.0/33", "192.0.2.0/24,", ",192.0.2.0/24", "192.0.2.0/24 192.0.3.0/24",
                "10.0.0.0/8;fd00::/8", "proxy.internal", "192.0.2", "192.0.2.1:80", "[::1]", "::/129", "all", "127.1",
            ]),
        Case(
            name: "POSTERN_LANGUAGES",
            values: [
                "da,", ",da", "da,,fi", "da fi", "da;fi", "*", "danish-spoken-here", "da.json", "-da", "da-", "11",
                [String](repeating: "sv", count: 101).joined(separator: ","),
            ]),
        Case(
            name: "PORT",
            values: [
                "65536", "99999", "-1", "http", "80a", "8080 ", " 8080", "0x50", "８０", "1.5", "18446744073709551696",
            ]),
    ]

    @Test("an error is one line with name, rule and example, and without the value", arguments: SettingErrorTests.cases)
    func wrong(expected: Case) throws {
        for value in expected.values {
            let error = try #require(throws: SettingError.self, "\(value)") {
                try handlerSettings(expected.name, value)
            }
            let line = error.description
            #expect(error.name == expected.name)
            #expect(line.hasPrefix("\(expected.name) must "), "\(line)")
            #expect(line.contains("; for example \(expected.name)="), "\(line)")
            #expect(line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(line)")
            #expect(!line.contains(value), "\(line)")
            #expect(!line.contains("h8dden"), "\(line)")
            #expect(!"\(error)".contains(SampleKey.first.prefix(8)), "\(line)")
        }
    }

    @Test("the example that an error gives is accepted", arguments: SettingErrorTests.cases)
    func examples(expected: Case) throws {
        let value = try #require(expected.values.first)
        let error = try #require(throws: SettingError.self) { try handlerSettings(expected.name, value) }
        // This example is a shell command.
        let example = error.example.replacing("$(openssl rand -base64 32)", with: SampleKey.second)
        _ = try handlerSettings(expected.name, example)
    }

    @Test("of several invalid settings one is reported at a time, until all are corrected")
    func oneAtATime() throws {
        var variables: [String: String] = [:]
        for entry in SettingErrorTests.cases { variables[entry.name] = entry.values[0] }
        var reported: Set<String> = []
        for _ in SettingErrorTests.cases {
            let environment = Environment(variables)
            let error = try #require(throws: SettingError.self) { try HandlerSettings(environment) }
            reported.insert(error.name)
            variables[error.name] = requiredVariables[error.name]
        }
        #expect(reported == Set(SettingErrorTests.cases.map(\.name)))
        _ = try HandlerSettings(Environment(variables))
    }
}

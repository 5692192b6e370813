import Cryptography
import Foundation
import Net
import Redis
import ServerProcess
import Settings
import SignIn
import TestSupport
import Testing
import Web

@testable import postern_handler

@Suite
struct SignInSettingsTests {
    // MARK: - Signing keys

    @Test("signing keys keep their order, their names and their bytes")
    func signingKeys() throws {
        let text = "2026-b:\(SampleKey.second),OLD_1:\(SampleKey.first),abcdefghij123456:\(SampleKey.third)"
        let keys = try handlerSettings([
            "POSTERN_SIGNING_KEYS": text, "POSTERN_SECRET_KEYS": "k1:\(SampleKey.fourth)",
        ]).signIn.signingKeys
        #expect(keys.map(\.id) == ["2026-b", "OLD_1", "abcdefghij123456"])
        let starts: [UInt8] = [0, 0x80, 0xE0]
        for (key, start) in zip(keys, starts) {
            let expected = (UInt8(0)..<32).map { start + $0 }
            #expect(key.key.withUnsafeBytes { Array($0) } == expected)
        }
    }

    @Test("the key set of an issuer starts with the first signing key")
    func issuer() throws {
        let settings = try handlerSettings([
            "POSTERN_SIGNING_KEYS": "s2:\(SampleKey.second),s1:\(SampleKey.first)", "POSTERN_ISSUER": "door",
            "POSTERN_SECRET_KEYS": "k1:\(SampleKey.fourth)",
        ])
        let issuer = AssertionIssuer(name: settings.signIn.issuerName, keys: settings.signIn.signingKeys)
        let start =
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"s2","#
            + #""x":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"},{"kty":"OKP","#
        #expect(String(decoding: issuer.keySet, as: UTF8.self).hasPrefix(start))
    }

    @Test(
        "a signing key that is also a secret key stops the start",
        arguments: ["s1:\(SampleKey.first)", "s2:\(SampleKey.second),k1:\(SampleKey.first)"])
    func shared(keys: String) throws {
        #expect(throws: SettingError.self) { try handlerSettings("POSTERN_SIGNING_KEYS", keys) }
    }

    @Test(
        "a key of zeros, or of any pattern, stops the start",
        arguments: ["00", "ff", "0001", "deadbeef", "0102030405060708", "616161"])
    func pattern(hex: String) throws {
        let pattern = [UInt8](hex: hex)
        let bytes = (0..<32).map { pattern[$0 % pattern.count] }
        for name in ["POSTERN_SECRET_KEYS", "POSTERN_SIGNING_KEYS"] {
            #expect {
                try handlerSettings(name, "k9:\(Data(bytes).base64EncodedString())")
            } throws: { error in
                (error as? SettingError)?.rule.contains("repeated bytes") == true
            }
        }
    }

    @Test("signing keys and secret keys may have the same names, and are not mixed up")
    func ownKeys() throws {
        let settings = try handlerSettings("POSTERN_SIGNING_KEYS", "k1:\(SampleKey.second)")
        #expect(settings.signIn.signingKeys.map(\.id) == ["k1"])
        #expect(settings.server.shared.secretKeys.map(\.id) == ["k1"])
        let (signing, sealing) = (settings.signIn.signingKeys[0].key, settings.server.shared.secretKeys[0].key)
        #expect(!signing.matches(sealing))
        #expect(try handlerSettings().signIn.signingKeys.isEmpty)
    }

    @Test("signing keys are not printed")
    func printing() throws {
        let settings = try handlerSettings("POSTERN_SIGNING_KEYS", "s1:\(SampleKey.third),s2:\(SampleKey.second)")
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped] {
            #expect(text.contains("<secret>"))
            for key in [SampleKey.first, SampleKey.second, SampleKey.third] {
                #expect(!text.contains(key.prefix(8)))
            }
        }
    }

    // MARK: - Public URL and issuer

    static let publicURLs: [(String, String)] = [
        ("https://auth.example.com", "https://auth.example.com"),
        ("HTTPS://Auth.Example.com:443/", "https://auth.example.com"),
        ("https://example.com/api/", "https://example.com/api"), ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ]

    @Test(
        "the public URL is read, and is the issuer unless another is named",
        arguments: SignInSettingsTests.publicURLs)
    func publicURL(text: String, expected: String) throws {
        let settings = try handlerSettings("POSTERN_LANDING_URL", text)
        #expect(settings.signIn.policy.publicURL?.text == expected)
        #expect(settings.signIn.issuerName == expected)
        let named = try handlerSettings(["POSTERN_LANDING_URL": text, "POSTERN_ISSUER": "https://issuer.example.com"])
        #expect(named.signIn.policy.publicURL?.text == expected)
        #expect(named.signIn.issuerName == "https://issuer.example.com")
    }

    @Test(
        "a link that no longer works is explained for a day by default, or for a minute to a week",
        arguments: [(nil, 86_400), ("1m", 60), ("90m", 5400), ("7d", 604_800)] as [(String?, Int)])
    func retention(text: String?, seconds: Int) throws {
        let settings = try handlerSettings(
            ["POSTERN_LANDING_URL": "https://auth.example.com"].merging(
                text.map { ["POSTERN_LINK_RETENTION": $0] } ?? [:]
            ) { $1 })
        #expect(settings.signIn.policy.retention == .seconds(seconds))
    }

    @Test("the public URL need not be on the allowlist, and is not added to it")
    func publicURLAndAllowlist() throws {
        let settings = try handlerSettings("POSTERN_LANDING_URL", "https://auth.example.com")
        #expect(settings.signIn.policy.origins.allows("https://portal.example.com"))
        #expect(!settings.signIn.policy.origins.allows("https://auth.example.com"))
    }

    @Test(
        "an issuer is 1 to 256 visible characters, read as they are",
        arguments: [
            "postern", "https://Auth.Example.com/", "x", "urn:door:7", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
            String(repeating: "x", count: 256),
        ])
    func issuerName(text: String) throws {
        #expect(try handlerSettings("POSTERN_ISSUER", text).signIn.issuerName == text)
    }

    // MARK: - Newest link and limits

    @Test(
        "only the newest link works, unless that is switched off",
        arguments: [("on", true), ("off", false), ("", true)])
    func newestOnly(text: String, expected: Bool) throws {
        #expect(try handlerSettings("POSTERN_NEWEST_LINK_ONLY", text).signIn.policy.isNewestOnly == expected)
    }

    @Test("tokens and codes have limits of their own, which can be changed or switched off")
    func limits() throws {
        let (tokens, codes) = (RateLimit(burst: 600, period: .seconds(60)), RateLimit(burst: 30, period: .seconds(600)))
        let limit = RateLimit(burst: 5, period: .seconds(1))
        let verify = try handlerSettings("POSTERN_VERIFY_LIMIT", "5/1s").signIn.policy.limits
        #expect(verify.verification.rate == limit)
        #expect(verify.code.rate == codes)
        #expect(verify.client.rate == RateLimit(burst: 10, period: .seconds(600)))
        let code = try handlerSettings("POSTERN_CODE_LIMIT", "5/1s").signIn.policy.limits
        #expect(code.code.rate == limit)
        #expect(code.verification.rate == tokens)
        #expect(try handlerSettings("POSTERN_VERIFY_LIMIT", "off").signIn.policy.limits.verification.rate == nil)
        #expect(try handlerSettings("POSTERN_VERIFY_LIMIT", "off").signIn.policy.limits.code.rate == codes)
        #expect(try handlerSettings("POSTERN_CODE_LIMIT", "off").signIn.policy.limits.code.rate == nil)
        #expect(try handlerSettings("POSTERN_CODE_LIMIT", "off").signIn.policy.limits.verification.rate == tokens)
        for name in ["POSTERN_IP_LIMIT", "POSTERN_RECIPIENT_LIMIT", "POSTERN_GLOBAL_LIMIT"] {
            let others = try handlerSettings(name, "5/1s").signIn.policy.limits
            #expect(others.verification.rate == tokens)
            #expect(others.code.rate == codes)
        }
    }
}

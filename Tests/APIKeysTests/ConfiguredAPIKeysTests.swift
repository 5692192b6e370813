import Bytes
import Cryptography
import Platform
import Redis
import Settings
import TestSupport
import Testing
import Web

@testable import APIKeys

@Suite
struct ConfiguredAPIKeysTests {
    static let digest = "53c0e92043d79911eef4abeec9f151eb52ed6f0bad6f7130b29d8ac9b0e0a38c"

    @Test("an entry has a name, scopes and a digest, and may have the last day on which it works")
    func entry() throws {
        let plain = try ConfiguredAPIKey(parsing: "portal/links:write/\(ConfiguredAPIKeysTests.digest)")
        #expect(plain.grant == APIKeyGrant(name: "portal", scopes: ["links:write"], expires: nil))
        #expect(plain.digest.hex == ConfiguredAPIKeysTests.digest)
        let text = "portal-2/links:write+mail:read/\(ConfiguredAPIKeysTests.digest)/2027-01-31"
        let expiring = try ConfiguredAPIKey(parsing: text)
        #expect(expiring.grant.scopes == ["links:write", "mail:read"])
        // The end of the day: 2027-02-01T00:00:00Z.
        #expect(expiring.grant.expires == UnixTime(milliseconds: 1_801_440_000_000))
        #expect(expiring.entry == text)
        #expect(plain.entry == "portal/links:write/\(ConfiguredAPIKeysTests.digest)")
    }

    static let bad: [(String, String)] = [
        ("", "is wrong in entry 1: must be NAME/SCOPES/DIGEST or NAME/SCOPES/DIGEST/EXPIRY"),
        ("portal", "is wrong in entry 1: must be NAME/SCOPES/DIGEST or NAME/SCOPES/DIGEST/EXPIRY"),
        ("portal/a:b", "is wrong in entry 1: must be NAME/SCOPES/DIGEST or NAME/SCOPES/DIGEST/EXPIRY"),
        ("portal/a:b/\(digest)/2027-01-31/x", "is wrong in entry 1: must be NAME/SCOPES/DIGEST"),
        ("/a:b/\(digest)", "is wrong in entry 1: NAME must be 1 to 64 visible ASCII characters"),
        ("my portal/a:b/\(digest)", "is wrong in entry 1: NAME must be 1 to 64 visible ASCII characters"),
        (String(repeating: "n", count: 65) + "/a:b/\(digest)", "is wrong in entry 1: NAME must be 1 to 64"),
        ("portal//\(digest)", "is wrong in entry 1: each of SCOPES must be two names"),
        ("portal/a/\(digest)", "is wrong in entry 1: each of SCOPES must be two names"),
        ("portal/a:b+/\(digest)", "is wrong in entry 1: each of SCOPES must be two names"),
        ("portal/a:b+a:b/\(digest)", "is wrong in entry 1: each of SCOPES must not contain the same scope twice"),
        ("portal/a:b/", "is wrong in entry 1: DIGEST must be 64 hexadecimal digits"),
        ("portal/a:b/\(digest)0", "is wrong in entry 1: DIGEST must be 64 hexadecimal digits"),
        ("portal/a:b/pk_x", "is wrong in entry 1: DIGEST must be the digest of a key, and not the key itself"),
        ("portal/a:b/\(digest)/", "is wrong in entry 1: EXPIRY must be a date, such as 2027-01-31"),
        ("portal/a:b/\(digest)/2027-02-29", "is wrong in entry 1: EXPIRY must be a date"),
        ("portal/a:b/\(digest),", "is wrong in entry 2: must be NAME/SCOPES/DIGEST"),
        ("portal/a:b/\(digest), other/a:b/\(digest)", "is wrong in entry 2: another entry has the same DIGEST"),
    ]

    @Test("a wrong entry is refused, with its number and what is wrong, but not its text", arguments: bad)
    func refused(text: String, rule: String) {
        let error = #expect(throws: ParseError.self) { try ConfiguredAPIKeys(parsing: text) }
        #expect(error?.rule.hasPrefix(rule) == true, "\(error?.rule ?? "none")")
    }

    @Test("more than 100 entries are refused")
    func tooMany() throws {
        func text(_ count: Int) -> String {
            (0..<count).map { "n/a:b/" + String(repeating: "0", count: 61) + "\(100 + $0)" }.joined(separator: ", ")
        }
        _ = try ConfiguredAPIKeys(parsing: text(100))
        #expect(throws: ParseError.self) { try ConfiguredAPIKeys(parsing: text(101)) }
    }

    @Test("a key is compared with every configured one, whether and wherever it is found", arguments: [nil, 0, 3, 7])
    func comparisons(position: Int?) throws {
        let keys = try (0..<8).map { _ in try APIKey(random: .system) }
        let grant = APIKeyGrant(name: "n", scopes: ["a:b"], expires: nil)
        let configured = ConfiguredAPIKeys(keys.map { ConfiguredAPIKey($0.digest, grant) })
        let digest = try position.map { keys[$0].digest } ?? APIKey(random: .system).digest
        let compared = Mutexed(0)
        let found = configured.key(with: digest) { one, other in
            compared.value += 1
            return one.matches(other)
        }
        #expect(found?.digest.hex == position.map { keys[$0].digest.hex })
        #expect(compared.value == 8)
    }

    @Test("the settings have defaults, and errors that name the variable")
    func settings() throws {
        let defaults = try APIKeySettings(Environment([:]))
        #expect(defaults.limits.key.rate == RateLimit(burst: 600, period: .seconds(60)))
        #expect(defaults.limits.authentication.rate == RateLimit(burst: 20, period: .seconds(60)))
        let set = try APIKeySettings(Environment(["POSTERN_API_KEY_LIMIT": "off", "POSTERN_API_AUTH_LIMIT": "5/1h"]))
        #expect(set.limits.key.rate == nil)
        #expect(set.limits.authentication.rate == RateLimit(burst: 5, period: .seconds(3600)))
        for name in ["POSTERN_API_KEYS", "POSTERN_API_KEY_LIMIT", "POSTERN_API_AUTH_LIMIT"] {
            let error = #expect(throws: SettingError.self) { try APIKeySettings(Environment([name: "secret-text"])) }
            #expect(error?.name == name)
            #expect(error?.description.contains("secret-text") == false)
        }
    }
}

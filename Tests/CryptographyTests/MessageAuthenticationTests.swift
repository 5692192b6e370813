import Bytes
import Cryptography
import TestSupport
import Testing

@Suite
struct MessageAuthenticationTests {
    private func hex(_ secret: Secret) -> String {
        secret.withUnsafeBytes { hexadecimal(Array($0)) }
    }

    /// Key, message and tag in hexadecimal: RFC 4231 §4.2, §4.4, §4.5, §4.7 and §4.8. The key of §4.3 is too short for
    /// this module, and the tag of §4.6 is truncated.
    static let examples: [(String, String, String)] = [
        (
            String(repeating: "0b", count: 20), "4869205468657265",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            "0102030405060708090a0b0c0d0e0f10111213141516171819", String(repeating: "cd", count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            String(repeating: "aa", count: 131),
            hexadecimal(Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            String(repeating: "aa", count: 131),
            hexadecimal(
                Array(
                    ("This is a test using a larger than block-size key and a larger than block-size data. "
                        + "The key needs to be hashed before being used by the HMAC algorithm.").utf8)),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ]

    @Test("tags match those of RFC 4231", arguments: MessageAuthenticationTests.examples)
    func knownAnswers(key: String, message: String, tag: String) throws {
        let authentication = MessageAuthentication(key: Secret(copying: [UInt8](hex: key)))
        #expect(hex(authentication.tag(of: [UInt8](hex: message))) == tag)
        // An earlier call has no effect on the next.
        #expect(hex(authentication.tag(of: [UInt8](hex: message))) == tag)
    }

    @Test("keys that are used alternately do not mix")
    func alternating() throws {
        let examples = MessageAuthenticationTests.examples.prefix(3)
        let all = examples.map { MessageAuthentication(key: Secret(copying: [UInt8](hex: $0.0))) }
        for _ in 0..<10 {
            for (authentication, example) in zip(all, examples) {
                #expect(hex(authentication.tag(of: [UInt8](hex: example.1))) == example.2)
            }
        }
    }

    @Test("keys that are used at the same time do not mix")
    func concurrency() async throws {
        let failureCount = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<16 {
                group.addTask {
                    let (key, message, tag) = MessageAuthenticationTests.examples[task % 3]
                    let authentication = MessageAuthentication(key: Secret(copying: [UInt8](hex: key)))
                    var failureCount = 0
                    for _ in 0..<200 {
                        let found = authentication.tag(of: [UInt8](hex: message))
                        if found.withUnsafeBytes({ hexadecimal(Array($0)) }) != tag { failureCount += 1 }
                    }
                    return failureCount
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(failureCount == 0)
    }

    @Test("any other message or key gives another tag")
    func sensitivity() throws {
        let key = [UInt8](0..<32)
        let message = Array("ada@example.com".utf8)
        var tags: Set<String> = [hex(MessageAuthentication(key: Secret(copying: key)).tag(of: message))]
        for index in message.indices {
            var changed = message
            changed[index] ^= 1
            tags.insert(hex(MessageAuthentication(key: Secret(copying: key)).tag(of: changed)))
        }
        for index in key.indices {
            var changed = key
            changed[index] ^= 0x80
            tags.insert(hex(MessageAuthentication(key: Secret(copying: changed)).tag(of: message)))
        }
        tags.insert(hex(MessageAuthentication(key: Secret(copying: key)).tag(of: message + [0])))
        tags.insert(hex(MessageAuthentication(key: Secret(copying: key)).tag(of: [])))
        #expect(tags.count == 1 + message.count + key.count + 2)
    }

    /// A key, a purpose, and the first block of HKDF-Expand. The first is RFC 5869 appendix A.3, whose purpose is
    /// empty; the others are from another implementation.
    static let derivations: [(String, String, String)] = [
        (
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04", "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "postern mail job 1",
            "da51417ec0e3794122a1a1ab5f219176d2cf0ad63977c2804bd2135af14b1a13"
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "postern token record 1",
            "70b35c72123eb50f108503ddb29b005176055d21a7d465861d84954a60582625"
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "",
            "9b4c8120a4823a95f47cde17a244f4507244ee6e3957d1fab9fa29b44d3829b7"
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "ü",
            "9ffa7f05a0c1c9e3625f86f056d9c452546116081cc0c796bf8bc2a159e4d900"
        ),
    ]

    @Test("derived keys match those of HKDF-Expand", arguments: MessageAuthenticationTests.derivations)
    func derivation(key: String, purpose: String, derived: String) throws {
        let authentication = MessageAuthentication(key: Secret(copying: [UInt8](hex: key)))
        #expect(hex(authentication.derivedKey(for: purpose)) == derived)
    }
}

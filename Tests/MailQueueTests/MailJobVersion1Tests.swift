import Bytes
import Cryptography
import MailQueue
import Net
import Platform
import SignIn
import TestSupport
import Testing

@Suite
struct MailJobVersion1Tests {
    /// A text sealed with the right key and id, as a handler of another version might have sealed it.
    func sealed(_ text: String, by ring: KeyRing) throws -> SealedMailJob {
        let id = "d90bad97384181273203dd0f8cc30e16"
        var plaintext = Array(text.utf8)
        let box = try ring.seal(wiping: &plaintext, authenticating: Array(id.utf8), random: .system)
        return SealedMailJob(version: 1, id: id, keyID: ring.sealingKeyID, box: box)
    }

    /// The JSON of a valid job, with the given members replaced. Values are JSON; `nil` removes a member.
    static func json(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        var members = [
            "to": #""ada@example.com""#, "link": #""https://portal.example.com/auth/callback?token=t""#,
            "origin": #""https://portal.example.com""#, "language": #""ko""#, "issued_at": "1735689600123",
            "expires_at": "1735690500123",
        ]
        for (name, value) in changes { members[name] = value }
        return "{" + members.map { #""\#($0)":\#($1)"# }.joined(separator: ",") + "}"
    }

    func ring(_ id: String, from start: UInt8) throws -> KeyRing {
        let key = try RandomBytes.counting(from: start).secret(count: 32)
        return KeyRing([KeyRing.Entry(id: id, key: key)], purpose: "postern mail job 1")
    }

    func keys(_ id: String, from start: UInt8) throws -> MailJobKeys {
        MailJobKeys([KeyRing.Entry(id: id, key: try RandomBytes.counting(from: start).secret(count: 32))])
    }

    @Test("a job that a handler of version 1 sealed opens as a sign-in email")
    func knownAnswer() throws {
        // AES-256-GCM under HKDF-Expand of the bytes 80 to 9f for `postern mail job 1`, with the nonce 40 to 4b and the
        // job's id as additional data: the first vector of deploy/QUEUE.md.
        let box = [
            "404142434445464748494a4b6437b9762783bcf1b3c84163b4707c0c9a3be7c8325d76883770750b8c7037a907943420",
            "507eaa336fe99fceb695cd5207fd27874e8cd50a9445cf43cd0e9fbc1f1d5a71dfcb309c14e33969bf08ff216b34a9d9",
            "fd5fc00d3e0ba5dc7d05cd351b8044a12d9d1a5fc5427589f1b3e22e8db2fcd92d6828b465833f5b7669c98a56da3c8b",
            "28cde44274a0e501990a4b54b67ffd0fd4ca414e16147e31f0824cbbcd6b58576787ecbf42af444ec6b2c787833a46f8",
            "d2d0cefee2590a71311e4ac6ec816e03f65d2ae8ea4ce33a5a15c09b353a60296c479dfbd59930a1e987fc4afa618428",
            "943bf7ec242390a9cac1315655d441aa047847078a0e88f809cdf55cad236c714ea26fce26c6b9ee61b032c7b6feee9d",
            "d8214c4eb23672d8505ac60c2b9f4adb9efc4d4e48",
        ].joined()
        let queued = SealedMailJob(
            version: 1, id: "d90bad97384181273203dd0f8cc30e16", keyID: "k1", box: [UInt8](hex: box))
        let job = try MailJob(opening: queued, with: keys("k1", from: 0x80))
        let link =
            "https://portal.example.com/auth/callback?token=4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"
            + "&next=%2Forders%2F17%3Ftab%3Da%26b%3D%22c%22%23top"
        let issuedAt = UnixTime(milliseconds: 1_735_689_600_123)
        #expect(
            try job
                == MailJob(
                    id: "d90bad97384181273203dd0f8cc30e16",
                    recipients: [#require(EmailAddress(parsing: "ada@example.com"))],
                    content: .template(
                        name: "sign-in", values: [.text("portal", "portal.example.com")],
                        secrets: [MailJob.Slot("link", link)], language: .english),
                    issuedAt: issuedAt, expiresAt: issuedAt + .seconds(900)))
    }

    @Test("a job of one version does not open as one of the other")
    func versions() throws {
        let sealed = try sealed(MailJobVersion1Tests.json(), by: ring("k1", from: 0x80))
        #expect(throws: Never.self) { try MailJob(opening: sealed, with: keys("k1", from: 0x80)) }
        let renamed = SealedMailJob(version: 2, id: sealed.id, keyID: sealed.keyID, box: sealed.box)
        #expect(throws: CryptoError.notAuthentic) { try MailJob(opening: renamed, with: keys("k1", from: 0x80)) }
    }

    @Test(
        "a missing or malformed language is read as English",
        arguments: [
            nil, "\"\"", "null", "1", #"["de"]"#, #""d""#, #""de-""#, #""de,fr""#, #""*""#, #"" de""#, #""de\r\nX: y""#,
            #""de-Latn-DE-1996-x-aaaaaaaa-bbbbbb-cc""#,
        ])
    func malformedLanguage(language: String?) throws {
        let ring = try ring("k1", from: 0x80)
        let job = try MailJob(
            opening: sealed(MailJobVersion1Tests.json(["language": language]), by: ring), with: keys("k1", from: 0x80))
        #expect(job.language == .english)
        #expect(job.recipient.text == "ada@example.com")
    }

    @Test(
        "any language is kept, in the canonical case of its tag",
        arguments: [("tlh", "tlh"), ("DE", "de"), ("de_at", "de-AT"), ("ZH-HANT-tw", "zh-Hant-TW"), ("x-own", "x-own")])
    func anyLanguage(text: String, tag: String) throws {
        let ring = try ring("k1", from: 0x80)
        let json = MailJobVersion1Tests.json(["language": "\"\(text)\""])
        #expect(try MailJob(opening: sealed(json, by: ring), with: keys("k1", from: 0x80)).language.tag == tag)
    }

    @Test(
        "newest_only counts as false if it is missing or anything but true",
        arguments: [nil, "false", "null", "1", #""true""#])
    func notNewestOnly(value: String?) throws {
        let ring = try ring("k1", from: 0x80)
        let job = try MailJob(
            opening: sealed(MailJobVersion1Tests.json(["newest_only": value]), by: ring), with: keys("k1", from: 0x80))
        #expect(!job.isNewestOnly)
    }

    @Test("unknown members are ignored")
    func unknownMembers() throws {
        let ring = try ring("k1", from: 0x80)
        let text = MailJobVersion1Tests.json(["newest_only": "true", "colour": #""123456""#, "later": #"{"to":[]}"#])
        let job = try MailJob(opening: sealed(text, by: ring), with: keys("k1", from: 0x80))
        #expect(job.language == "ko")
        #expect(job.isNewestOnly)
        #expect(job.link == "https://portal.example.com/auth/callback?token=t")
    }

    @Test(
        "a box sealed with the right key is refused if it does not hold a job's JSON",
        arguments: ["", "{", "{}", "[]", "null", "1", #""to""#, #"["to"]"#, MailJobVersion1Tests.json() + "x"])
    func noJob(text: String) throws {
        let ring = try ring("k1", from: 0x80)
        let sealed = try sealed(text, by: ring)
        #expect(throws: CryptoError.notAuthentic) { try MailJob(opening: sealed, with: keys("k1", from: 0x80)) }
    }

    @Test(
        "a job without a required member, or with null for it, is refused",
        arguments: ["to", "link", "origin", "issued_at", "expires_at"])
    func missingMember(name: String) throws {
        let ring = try ring("k1", from: 0x80)
        for value in [nil, "null"] {
            let sealed = try sealed(MailJobVersion1Tests.json([name: value]), by: ring)
            #expect(throws: CryptoError.notAuthentic) { try MailJob(opening: sealed, with: keys("k1", from: 0x80)) }
        }
    }

    @Test(
        "a job with an invalid member is refused",
        arguments: [
            ("to", "1"), ("to", #""ada""#), ("to", #""ada@example.com\r\nBcc: eve@example.com""#),
            ("to", #""ada@example.com,eve@example.com""#), ("to", #"["ada@example.com"]"#),
            ("origin", #""portal.example.com""#), ("origin", #""https://portal.example.com/path""#), ("origin", "{}"),
            ("issued_at", #""1735689600123""#), ("issued_at", "-1"), ("issued_at", "0.5"), ("issued_at", "1e400"),
            ("issued_at", "1735690500124"), ("expires_at", #""1735690500123""#), ("expires_at", "1735689600122"),
            ("expires_at", "1735690500123.5"), ("expires_at", "1e19"), ("expires_at", "true"),
        ])
    func invalidMember(name: String, value: String) throws {
        let ring = try ring("k1", from: 0x80)
        let sealed = try sealed(MailJobVersion1Tests.json([name: value]), by: ring)
        #expect(throws: CryptoError.notAuthentic) { try MailJob(opening: sealed, with: keys("k1", from: 0x80)) }
    }

    @Test(
        "a job whose link is not an https or http URL of visible ASCII is refused",
        arguments: [
            "\"\"", "1", #"" https://portal.example.com/""#, #""https://portal.example.com/a b""#,
            #""https://portal.example.com/ ""#, #""https://portal.example.com/\n""#,
            #""https://portal.example.com/a\r\nb""#, #""https://portal.example.com/\u0000""#,
            #""https://portal.example.com/\u007f""#, #""https://portal.example.com/é""#,
            #""https://portal.example.com/e\u0301""#, #""https://portal.example.com/\ud83d\ude00""#,
            #""javascript:alert(1)""#, #""ftp://portal.example.com/""#, #""//portal.example.com/""#,
            #""/auth/callback?token=t""#, #""https:portal.example.com""#, #""portal.example.com/auth/callback""#,
        ])
    func invalidLink(link: String) throws {
        let ring = try ring("k1", from: 0x80)
        let sealed = try sealed(MailJobVersion1Tests.json(["link": link]), by: ring)
        #expect(throws: CryptoError.notAuthentic) { try MailJob(opening: sealed, with: keys("k1", from: 0x80)) }
    }

    @Test(
        "http links are accepted as well as https links",
        arguments: ["http://localhost:3000/a?token=t", "https://portal.example.com/a?token=t"])
    func link(link: String) throws {
        let ring = try ring("k1", from: 0x80)
        let sealed = try sealed(MailJobVersion1Tests.json(["link": #""\#(link)""#]), by: ring)
        #expect(try MailJob(opening: sealed, with: keys("k1", from: 0x80)).link == link)
    }

    @Test(
        "a malformed code is ignored, and the job opens without one",
        arguments: [
            "null", "123456", "true", "{}", #"["123456"]"#, #""""#, #""12345""#, #""1234567""#, #""12345a""#,
            #"" 12345""#, #""123456 ""#, #""12 456""#, #""12345\n""#, #""12345\u0000""#, #""１２３４５６""#, #""١٢٣""#,
        ])
    func malformedCode(value: String) throws {
        let ring = try ring("k1", from: 0x80)
        let job = try MailJob(
            opening: sealed(MailJobVersion1Tests.json(["code": value]), by: ring), with: keys("k1", from: 0x80))
        #expect(job.code == nil)
        #expect(job.link == "https://portal.example.com/auth/callback?token=t")
        let whole = try MailJob(
            opening: sealed(MailJobVersion1Tests.json(["code": #""041592""#]), by: ring), with: keys("k1", from: 0x80))
        #expect(whole.code == "041592")
    }
}

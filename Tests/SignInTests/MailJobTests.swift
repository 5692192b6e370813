import JSON
import Secrets
import SignIn
import Testing

@Suite("a mail that is to be sent")
struct MailJobTests {
    private static let url =
        "https://portal.example.com/auth/callback?token=4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"
        + "&next=%2Forders%2F17%3Ftab%3Da%26b%3D%22c%22%23top"

    private func job(from start: UInt8 = 0xE0, to address: String = "Ada@example.com") throws -> MailJob {
        let link = MagicLink(
            origin: try Origin(parsing: "https://portal.example.com"),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .counting(from: start)),
            next: try PortalPath(parsing: "/orders/17?tab=a&b=\"c\"#top"))
        let issuedAt = UnixTime(milliseconds: 1_735_689_600_123)
        return MailJob(
            recipient: try #require(EmailAddress(parsing: address)), link: link, issuedAt: issuedAt,
            expiresAt: issuedAt + .seconds(900))
    }

    private func ring(_ id: String, from start: UInt8) throws -> KeyRing {
        let key = try RandomBytes.counting(from: start).secret(count: 32)
        return try KeyRing([KeyRing.Entry(id: id, key: key)], purpose: MailJob.sealingPurpose)
    }

    @Test("a job is sealed as another implementation seals it")
    func knownAnswer() throws {
        // AES-256-GCM under HKDF-Expand of the bytes 80 to 9f for `postern mail job 1`, with
        // the nonce 40 to 4b and the job's id beside.
        let expected = [
            "404142434445464748494a4b6437b9762783bcf1b3c84163b4707c0c9a3be7c8325d76883770750b8c7037a907943420",
            "507eaa336fe99fceb695cd5207fd27874e8cd50a9445cf43cd0e9fbc1f1d5a71dfcb309c14e33969bf08ff216b34a9d9",
            "fd5fc00d3e0ba5dc7d05cd351b8044a12d9d1a5fc5427589f1b3e22e8db2fcd92d6828b465833f5b7669c98a56da3c8b",
            "28cde44274a0e501990a4b54b67ffd0fd4ca414e16147e31f0824cbbcd6b58576787ecbf42af444ec6b2c787833a46f8",
            "d2d0cefee2590a71311e4ac6ec816e03f65d2ae8ea4ce33a5a15c09b353a60296c428fe6c7893599edd1e452ae389531",
            "806abda96176c5c4989931091c931bed57332150ce1c83fb0dd2e20fec6330331be0029c2f9e51d41c14b76cc862c981",
            "8d9abdd741",
        ].joined()
        let sealed = try job().sealed(by: try ring("k1", from: 0x80), random: .counting(from: 0x40))
        #expect(hexadecimal(sealed.box) == expected)
        #expect(sealed.keyID == "k1")
        // The first half of the token's SHA-256.
        #expect(sealed.id == "d90bad97384181273203dd0f8cc30e16")
    }

    @Test("whoever has the key reads where to and what, in Unix milliseconds")
    func opened() throws {
        let ring = try ring("k1", from: 0x80)
        let sealed = try job().sealed(by: ring, random: .system)
        let opened = try ring.open(sealed.box, keyID: sealed.keyID, authenticating: Array(sealed.id.utf8))
        let expected: JSONValue = .object([
            "to": .string("ada@example.com"), "link": .string(MailJobTests.url),
            "origin": .string("https://portal.example.com"), "issued_at": .number(1_735_689_600_123),
            "expires_at": .number(1_735_690_500_123),
        ])
        #expect(try JSONValue(parsing: opened.withUnsafeBytes { Array($0) }) == expected)
    }

    @Test("a job's id is its token's alone, 32 hexadecimal digits")
    func identity() throws {
        #expect(try job().id == "d90bad97384181273203dd0f8cc30e16")
        #expect(try job(to: "other@example.com").id == job().id)
        // The first half of the SHA-256 of another token.
        #expect(try job(from: 0).id == "ea866a757e4c38babfa8127cbe9a409d")
    }

    @Test("the same job is sealed differently each time, and opens each time")
    func nonces() throws {
        let ring = try ring("k1", from: 0x80)
        let first = try job().sealed(by: ring, random: .system)
        let second = try job().sealed(by: ring, random: .system)
        #expect(first.id == second.id)
        #expect(first.box != second.box)
        #expect(first != second)
    }

    @Test("a job does not open as another, nor with another key, nor after a change")
    func refusal() throws {
        let ring = try ring("k1", from: 0x80)
        let sealed = try job().sealed(by: ring, random: .system)
        let id = Array(sealed.id.utf8)
        #expect(throws: SecretsError.notAuthentic) {
            try ring.open(sealed.box, keyID: "k1", authenticating: Array("ea866a757e4c38babfa8127cbe9a409d".utf8))
        }
        #expect(throws: SecretsError.notAuthentic) {
            try self.ring("k1", from: 0x81).open(sealed.box, keyID: "k1", authenticating: id)
        }
        #expect(throws: SecretsError.unknownKey(id: "k1")) {
            try self.ring("k2", from: 0x80).open(sealed.box, keyID: sealed.keyID, authenticating: id)
        }
        for index in sealed.box.indices {
            var changed = sealed.box
            changed[index] ^= 1
            #expect(throws: SecretsError.notAuthentic, "byte \(index)") {
                try ring.open(changed, keyID: "k1", authenticating: id)
            }
        }
    }
}

import Bytes
import Cryptography
import MailQueue
import Net
import Platform
import SignIn
import TestSupport
import Testing

@Suite
struct MailJobTests {
    static let id = "d90bad97384181273203dd0f8cc30e16"
    private static let url =
        "https://portal.example.com/auth/callback?token=4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"
        + next
    private static let next = "&next=%2Forders%2F17%3Ftab%3Da%26b%3D%22c%22%23top"
    static let issuedAt = UnixTime(milliseconds: 1_735_689_600_123)

    /// The job of a sign-in email, as the handler makes it.
    private func job(
        from start: UInt8 = 0xE0, to address: String = "Ada@example.com", in language: Language = .english,
        isNewestOnly: Bool = false, code: String? = nil
    ) throws -> MailJob {
        let link = MagicLink(
            origin: try Origin(parsing: "https://portal.example.com"),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .counting(from: start)),
            next: nil)
        let handle = try CodeHandle(random: .counting(from: 0))
        let code = code.flatMap(SignInCode.init(parsing:))
        let job = MailJob(
            for: SignInRequest(
                link: link, recipient: try #require(EmailAddress(parsing: address)), language: language,
                codeRequest: code.map { SignInRequest.CodeRequest(handle: handle, code: $0) }),
            isNewestOnly: isNewestOnly, issuedAt: MailJobTests.issuedAt,
            expiresAt: MailJobTests.issuedAt + .seconds(900))
        guard case .template(let name, let values, var secrets, let language) = job.content else { return job }
        // The link of the vectors has a path.
        secrets[0] = MailJob.Slot("link", link.url + MailJobTests.next)
        return MailJob(
            id: job.id, recipients: job.recipients,
            content: .template(name: name, values: values, secrets: secrets, language: language),
            issuedAt: job.issuedAt, expiresAt: job.expiresAt)
    }

    static func address(_ text: String) throws -> EmailAddress { try #require(EmailAddress(parsing: text)) }

    /// A whole message with every option.
    static func message(remaining: [String]? = nil) throws -> MailJob {
        MailJob(
            id: id, recipients: try ["ada@example.com", "grace@example.org"].map(address),
            remaining: try remaining?.map(address),
            content: .message(
                subject: "Your invoice", html: "<p>Paid &amp; done.</p>", text: "Paid & done.",
                headers: [MailJob.Header(name: "Reply-To", value: "Billing <billing@example.com>")]),
            sender: Mailbox(name: "Billing", address: try address("billing@example.com")), priority: .bulk,
            tags: ["invoice", "2025-01"], report: MailJob.Report(isForWebhooks: true), issuedAt: issuedAt,
            expiresAt: issuedAt + .seconds(86_400))
    }

    static func keys(_ id: String = "k1", from start: UInt8 = 0x80) throws -> MailJobKeys {
        MailJobKeys([KeyRing.Entry(id: id, key: try RandomBytes.counting(from: start).secret(count: 32))])
    }

    /// Seals a text with the right key and id, as a handler of another version might.
    static func sealed(_ text: String) throws -> SealedMailJob {
        var plaintext = Array(text.utf8)
        let box = try keys().sealing.seal(wiping: &plaintext, authenticating: Array(id.utf8), random: .system)
        return SealedMailJob(id: id, keyID: "k1", box: box)
    }

    // MARK: - Sealing

    // AES-256-GCM under HKDF-Expand of the bytes 80 to 9f for `postern mail job 2`, with the nonce 40 to 4b and the job's
    // id as additional data: the vectors of deploy/QUEUE.md, by another implementation.
    private static let signInBox = [
        "404142434445464748494a4b2ceced6e33024eed2320e5ec5d2ca223581d1ddc584c75aad6779b2403cfd74b5fc70347",
        "cedbfce24dabd4ac7be7157cbb387d8ed6533a8812f9104b5090bd2119be06b8608b1a4045eccc811fcf97dd277a1767",
        "851d6bc8acce616c2d98c43427656e31eaf33ed1527fee081f6c3aa206378053e29f3dbd7cae550bbff1d52be45a5157",
        "9a2cd1866a8ea62dec724039442c90ba1deaa0dc74c7a90cb3b5cc807576367cdf08ce7439b27e88b42ac23656aded4a",
        "07f2104069168bc38658478b6623e32acab8f596820cd6e7ff04b73dfd4e066f772e8c51d57973f62efc3f6a4319e10e",
        "9b925a282f4aeac6dd86edcb1c5fdfabd88e3746384342bc4d04d27ff7fef3611d99c77221f542cf9ee10cf94ef56912",
        "31352deaad434cb786ab18c811de112f216c42ddcdabe02bc3835e41cd9dd0c2d602bf6714291b1dc199183a78c3de20",
        "c3798bf9c4d59d6bad6b19e2bcd0d7c77f16c612",
    ].joined()
    private static let messageBox = [
        "404142434445464748494a4b2ceced6e33024eed2320e5ec5d2ca223581d1ddc584c75aaa779de2207c1c2675bcb0708",
        "84ccbba243b4d6ac1ce94478b9252386df14349005ba0d59479bbf274fa61eff57c6431013e4ce8215d5d6827e744560",
        "83046686b4d67f6c7cbad13c2f6b2d28e6ee759d533ee3025c7268fe1a66c912e49f31ba7cae0c79b2f1df60e0401750",
        "803d8fd77c83e138e264512a5b20cf9907a5bed17c8ce859fcc8c8856d67344bd1468e342eb079c2a56793717af9b569",
        "26f5434d0118d7da8c5e1f895434ac0494bdaeace81781fc9116f306e251094c7c76c56bdd6216fb34b430625e4fe609",
        "ebbd59362241ff97d496ca9e4f08899edfcd6f41696e4ff5165cd71aa1c2b73e5f96876e70bf1dde97a25eab41e12a42",
        "313227bdf20571a39ee200d50499457e6a774eb6dff3bc6e80c8585c9fd88095956feb3e06220877de8e5c6638999c64",
        "d071c3a6ac9bfe4c928421cd8e5811bcbbf6e4bda2ddc58a7e8afc59778aec6e1d4d125b295384b89fbc474f0c0b2d93",
        "907bd53e355a3c8b22cb456881592372b409bef869a3dd6d74d33e057aa27b3ddfff09d821e724d242",
    ].joined()

    @Test("a sealed sign-in email equals one that another implementation sealed")
    func knownSignIn() throws {
        let sealed = try job().sealed(by: MailJobTests.keys().sealing, random: .counting(from: 0x40))
        #expect(hexadecimal(sealed.box) == MailJobTests.signInBox)
        let queued = SealedMailJob(id: sealed.id, keyID: "k1", box: [UInt8](hex: MailJobTests.signInBox))
        #expect(try MailJob(opening: queued, with: MailJobTests.keys()) == job())
        #expect(sealed.keyID == "k1")
        #expect(sealed.version == 2)
        // The first half of the token's SHA-256.
        #expect(sealed.id == MailJobTests.id)
    }

    @Test("a sealed message equals one that another implementation sealed")
    func knownMessage() throws {
        let job = try MailJobTests.message()
        let sealed = try job.sealed(by: MailJobTests.keys().sealing, random: .counting(from: 0x40))
        #expect(hexadecimal(sealed.box) == MailJobTests.messageBox)
        let queued = SealedMailJob(id: sealed.id, keyID: "k1", box: [UInt8](hex: MailJobTests.messageBox))
        #expect(try MailJob(opening: queued, with: MailJobTests.keys()) == job)
    }

    @Test("a job's id depends on the token alone, and has 32 hexadecimal digits")
    func identity() throws {
        #expect(try job().id == MailJobTests.id)
        #expect(try job(to: "other@example.com").id == job().id)
        // The first half of the SHA-256 of another token.
        #expect(try job(from: 0).id == "ea866a757e4c38babfa8127cbe9a409d")
    }

    @Test("the same job is sealed differently each time, under the same id")
    func nonces() throws {
        let ring = try MailJobTests.keys().sealing
        let first = try job().sealed(by: ring, random: .system)
        let second = try job().sealed(by: ring, random: .system)
        #expect(first.id == second.id)
        #expect(first.box != second.box)
    }

    @Test("a job does not open under another id, with another key, or after a change of any byte")
    func refusal() throws {
        let keys = try MailJobTests.keys()
        let sealed = try job().sealed(by: keys.sealing, random: .system)
        let renamed = SealedMailJob(id: "ea866a757e4c38babfa8127cbe9a409d", keyID: "k1", box: sealed.box)
        #expect(throws: CryptoError.notAuthentic) { try MailJob(opening: renamed, with: keys) }
        #expect(throws: CryptoError.notAuthentic) {
            try MailJob(opening: sealed, with: MailJobTests.keys("k1", from: 0x81))
        }
        #expect(throws: CryptoError.unknownKey(id: "k1")) {
            try MailJob(opening: sealed, with: MailJobTests.keys("k2"))
        }
        for index in sealed.box.indices {
            var changed = sealed.box
            changed[index] ^= 1
            #expect(throws: CryptoError.notAuthentic, "byte \(index)") {
                try MailJob(opening: SealedMailJob(id: sealed.id, keyID: "k1", box: changed), with: keys)
            }
        }
        for length in sealed.box.indices {
            #expect(throws: CryptoError.notAuthentic, "\(length) bytes") {
                let box = Array(sealed.box.prefix(length))
                return try MailJob(opening: SealedMailJob(id: sealed.id, keyID: "k1", box: box), with: keys)
            }
        }
    }

    @Test("a job opens after a key rotation")
    func rotation() throws {
        let job = try job()
        let sealed = try job.sealed(by: MailJobTests.keys().sealing, random: .system)
        let entries = try [("k2", UInt8(0)), ("k1", 0x80)].map { id, start in
            KeyRing.Entry(id: id, key: try RandomBytes.counting(from: start).secret(count: 32))
        }
        #expect(try MailJob(opening: sealed, with: MailJobKeys(entries)) == job)
    }

    // MARK: - Opening

    static let languages: [Language] = ["en", "de", "pt-BR", "zh-Hant", "de-Latn-DE-1996-x-aaaaaaaa-bbbbbbbb"]

    @Test("an opened sign-in email equals the one that was sealed", arguments: MailJobTests.languages, [false, true])
    func roundTrip(language: Language, isNewestOnly: Bool) throws {
        let keys = try MailJobTests.keys()
        for code in [nil, "000000", "041592"] as [String?] {
            let job = try job(in: language, isNewestOnly: isNewestOnly, code: code)
            let opened = try MailJob(opening: job.sealed(by: keys.sealing, random: .system), with: keys)
            #expect(opened == job)
            #expect(opened.recipients.map(\.text) == ["ada@example.com"])
            #expect(opened.link == MailJobTests.url)
            #expect(opened.code == code)
            #expect(opened.portal == "portal.example.com")
            #expect(opened.language == language)
            #expect(opened.isNewestOnly == isNewestOnly)
            #expect(opened.priority == .high)
            #expect("\(opened)" == "mail job \(MailJobTests.id)")
        }
    }

    @Test("an opened message equals the one that was sealed, and so does the one for its remaining recipients")
    func messageRoundTrip() throws {
        let keys = try MailJobTests.keys()
        let jobs = [try MailJobTests.message(), try MailJobTests.message(remaining: ["grace@example.org"])]
        #expect(try jobs[0].forDelivery(to: [MailJobTests.address("grace@example.org")]) == jobs[1])
        for job in jobs {
            try job.check()
            #expect(try MailJob(opening: job.sealed(by: keys.sealing, random: .system), with: keys) == job)
        }
    }

    @Test("a sealed sign-in email does not hold the code handle")
    func noHandle() throws {
        let keys = try MailJobTests.keys()
        let sealed = try job(code: "041592").sealed(by: keys.sealing, random: .system)
        let opened = try keys.sealing.open(sealed.box, keyID: "k1", authenticating: Array(sealed.id.utf8))
        let text = opened.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        #expect(text.contains("041592"))
        #expect(!text.contains(try CodeHandle(random: .counting(from: 0)).text))
    }
}

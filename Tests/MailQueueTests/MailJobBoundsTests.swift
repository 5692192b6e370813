import Bytes
import Cryptography
import MailQueue
import Net
import Platform
import TestSupport
import Testing

/// The bounds of jobs, and what is refused in a box that was sealed with the right key.
@Suite
struct MailJobBoundsTests {
    private static let secrets = #"{"link":"https://portal.example.com/in?token=t"}"#

    /// The JSON of a valid job, with a part replaced.
    private static func json(_ part: String = "", _ replacement: String = "") -> String {
        let text = """
            {"to":["ada@example.com","grace@example.org"],"template":{"name":"sign-in","language":"ko",\
            "values":{"portal":"portal.example.com","newestOnly":true},"secrets":\(secrets)},"tags":["a"],\
            "issued_at":1735689600123,"expires_at":1735690500123}
            """
        return part.isEmpty ? text : text.replacing(part, with: replacement)
    }

    private static func messageJSON(_ members: String) -> String {
        """
        {"to":["ada@example.com"],"message":{\(members)},"issued_at":1735689600123,"expires_at":1735690500123}
        """
    }

    private func opened(_ text: String) throws -> MailJob {
        try MailJob(opening: MailJobTests.sealed(text), with: MailJobTests.keys())
    }

    @Test("the jobs that the tests below damage are opened, and unknown members are ignored")
    func valid() throws {
        let job = try opened(MailJobBoundsTests.json(#""tags""#, #""later":{"to":[]},"tags""#))
        #expect(job.recipients.map(\.text) == ["ada@example.com", "grace@example.org"])
        #expect(job.language == "ko" && job.isNewestOnly && job.tags == ["a"] && job.priority == .high)
        #expect(throws: Never.self) { try opened(MailJobBoundsTests.messageJSON(#""subject":"a","text":"b""#)) }
        #expect(throws: Never.self) { try opened(MailJobBoundsTests.messageJSON(#""subject":"a","html":"b""#)) }
    }

    static let manyNames = (0..<21).map { #""v\#($0)":"x""# }.joined(separator: ",")
    static let manyRecipients = (0..<51).map { #""a\#($0)@example.com""# }.joined(separator: ",")

    /// A part of the valid JSON, and what replaces it.
    static let damages: [(String, String)] = [
        (#"["ada@example.com","grace@example.org"]"#, "[]"),
        (#"["ada@example.com","grace@example.org"]"#, #""ada@a.b""#),
        (#"["ada@example.com","grace@example.org"]"#, "[\(manyRecipients)]"), ("ada@example.com", "ada"),
        ("ada@example.com", #"ada@example.com\r\nBcc: eve@example.com"#), (#""ada@example.com""#, "1"),
        (#""to""#, #""remaining":[],"to""#), (#""to""#, #""remaining":["eve@example.com"],"to""#),
        (#""to""#, #""remaining":"ada@example.com","to""#), (#""template""#, #""message":{},"template""#),
        (#""template""#, #""other""#), (#""sign-in""#, #""""#), (#""sign-in""#, #""../x""#),
        (#""sign-in""#, #""Sign""#),
        (#""sign-in""#, "1"), (#""portal""#, #""por-tal""#), (#""portal""#, #""link""#),
        (#""portal""#, #""newestOnly""#),
        (#""portal.example.com""#, #""a\nb""#), (#""portal.example.com""#, #""a\u2028b""#),
        (#""portal.example.com""#, "1"), (#""portal.example.com""#, "null"),
        (#""portal.example.com""#, #""\#(String(repeating: "x", count: 1001))""#),
        (#"{"portal":"portal.example.com","newestOnly":true}"#, "{\(manyNames)}"),
        (#"{"portal":"portal.example.com","newestOnly":true}"#, "[]"), (secrets, "1"), (secrets, #"{"link":1}"#),
        (secrets, #"{"link":"javascript:alert(1)"}"#), (secrets, #"{"link":"https://a b"}"#),
        (secrets, #"{"link":"https://ä"}"#), (secrets, #"{"link":"https://a\r\nb"}"#), (secrets, #"{"code":""}"#),
        (secrets, #"{"code":"1 2"}"#), (secrets, #"{"code":"1","code":"2"}"#),
        (secrets, #"{"link":"https://\#(String(repeating: "x", count: 16_384))"}"#), (#"["a"]"#, #"["a b"]"#),
        (#"["a"]"#, #"[""]"#), (#"["a"]"#, #"["ä"]"#), (#"["a"]"#, #""a""#), (#"["a"]"#, "[1]"),
        (#"["a"]"#, #"["a","a","a","a","a","a","a","a","a","a","a"]"#),
        (#"["a"]"#, #"["\#(String(repeating: "a", count: 65))"]"#), (#""tags""#, #""priority":"low","tags""#),
        (#""tags""#, #""priority":1,"tags""#), (#""tags""#, #""sender":"a@example.com","tags""#),
        (#""tags""#, #""sender":{"name":"a"},"tags""#),
        (#""tags""#, #""sender":{"name":"a\r\nb","address":"a@example.com"},"tags""#),
        (#""tags""#, #""report":1,"tags""#), (#""tags""#, #""report":{"process":"a b"},"tags""#),
        (#""tags""#, #""report":{"process":1},"tags""#), ("1735689600123", "1735690500124"), ("1735690500123", "1e400"),
        ("1735690500123", "1.5"), ("1735690500123", "true"), (#","expires_at":1735690500123"#, ""),
    ]

    @Test("a job with an invalid member, or one beyond its bounds, is refused", arguments: MailJobBoundsTests.damages)
    func refused(part: String, replacement: String) throws {
        let text = MailJobBoundsTests.json(part, replacement)
        try #require(text != MailJobBoundsTests.json())
        #expect(throws: CryptoError.notAuthentic) { try opened(text) }
    }

    @Test(
        "a box that does not hold a JSON object is refused",
        arguments: ["", "{", "{}", "[]", "null", "1", #""to""#, MailJobBoundsTests.json() + "x"])
    func noObject(text: String) throws {
        #expect(throws: CryptoError.notAuthentic) { try opened(text) }
    }

    static let messages = [
        #""text":"b""#, #""subject":"a""#, #""subject":"","text":"b""#, #""subject":"a\r\nBcc: x","text":"b""#,
        #""subject":1,"text":"b""#, #""subject":"a","text":1"#, #""subject":"a","html":null"#,
        #""subject":"a","text":"b\u0000""#, #""subject":"\#(String(repeating: "s", count: 999))","text":"b""#,
        #""subject":"a","text":"\#(String(repeating: "b", count: 1_000_000))""#,
        #""subject":"a","text":"b","headers":{}"#,
        #""subject":"a","text":"b","headers":[{"name":"X-A"}]"#, #""subject":"a","text":"b","headers":["X-A: b"]"#,
    ]

    @Test(
        "a message that is incomplete, of wrong types or too large is refused", arguments: MailJobBoundsTests.messages)
    func refusedMessage(members: String) throws {
        #expect(throws: CryptoError.notAuthentic) { try opened(MailJobBoundsTests.messageJSON(members)) }
    }

    static let headers: [(name: String, value: String)] =
        [
            "Date", "FROM", "from", "Sender", "To", "cc", "Bcc", "bCC", "Subject", "Message-ID", "MIME-Version",
            "Content-Type", "content-transfer-encoding", "Content-Language", "Auto-Submitted",
            "X-Auto-Response-Suppress", "x-entity-ref-id",
            "Return-Path", "Received", "Resent-To", "DKIM-Signature", "ARC-Seal", "Authentication-Results", "", "X A",
            "X:A", "X-Ä", "X-A\r\nBcc", "X-\0", "X\t", String(repeating: "X", count: 65),
        ].map { ($0, "b") }
        + [
            "", " ", " b", "b ", "b\r\nBcc: eve@example.com", "b\n", "\rb", "b\0c", "b\u{85}c", "b\u{2028}c", "b\tc",
            String(repeating: "b", count: 994),
        ].map { ("X-A", $0) }
        + ["eve", "Eve <eve@example.com>, Mallory <m@example.com>", "<>"].map { ("Reply-To", $0) }

    @Test(
        "a header field that the message sets itself, or that could end its line, is refused",
        arguments: MailJobBoundsTests.headers)
    func refusedHeader(name: String, value: String) throws {
        let job = try message([MailJob.Header(name: name, value: value)])
        #expect(throws: ParseError.self) { try job.check() }
        let sealed = try job.sealed(by: MailJobTests.keys().sealing, random: .system)
        #expect(throws: CryptoError.notAuthentic) { try MailJob(opening: sealed, with: MailJobTests.keys()) }
    }

    static let allowed: [(name: String, value: String)] = [
        ("Reply-To", "Eve <eve@example.com>"), ("reply-to", "eve@example.com"), ("List-Unsubscribe", "<https://a.b/c>"),
        ("References", "<a@b.c> <d@e.f>"), ("X-A", "Zoë"), ("X-A", String(repeating: "b", count: 993)), ("CC-X", "b"),
    ]

    @Test("other header fields are accepted", arguments: MailJobBoundsTests.allowed)
    func allowedHeader(name: String, value: String) throws {
        let job = try message([MailJob.Header(name: name, value: value)])
        try job.check()
        let sealed = try job.sealed(by: MailJobTests.keys().sealing, random: .system)
        #expect(try MailJob(opening: sealed, with: MailJobTests.keys()) == job)
    }

    @Test("a message of just 1 MB is accepted, and of just 3 MB in JSON, but not more")
    func largest() throws {
        for text in [String(repeating: "x", count: 999_999), String(repeating: "\n", count: 500_000)] {
            let job = try message([], text: text)
            try job.check()
            let sealed = try job.sealed(by: MailJobTests.keys().sealing, random: .system)
            #expect(try MailJob(opening: sealed, with: MailJobTests.keys()) == job)
            #expect(sealed.box.count < 3_001_000)
            #expect(throws: ParseError.self) { try message([], text: text + "\n").check() }
        }
    }

    @Test("a box beyond the size of any job is refused")
    func huge() throws {
        let box = [UInt8](repeating: 0, count: 10_000_000)
        #expect(throws: CryptoError.notAuthentic) {
            try MailJob(
                opening: SealedMailJob(id: MailJobTests.id, keyID: "k1", box: box), with: MailJobTests.keys())
        }
    }

    private func message(_ headers: [MailJob.Header], text: String = "b") throws -> MailJob {
        MailJob(
            id: MailJobTests.id, recipients: [try MailJobTests.address("ada@example.com")],
            content: .message(subject: "a", html: nil, text: text, headers: headers), issuedAt: MailJobTests.issuedAt,
            expiresAt: MailJobTests.issuedAt)
    }
}

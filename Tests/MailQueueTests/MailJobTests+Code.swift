import Bytes
import Cryptography
import MailQueue
import Net
import Platform
import SignIn
import TestSupport
import Testing

extension MailJobTests {
    @Test(
        "a code is sealed and opened with its job",
        arguments: [nil, "000000", "000042", "041592", "999999"] as [String?])
    func code(text: String?) throws {
        let ring = try ring("k1", from: 0x80)
        let code = text.flatMap { SignInCode(parsing: $0) }
        #expect(code?.text == text)
        let handle = try CodeHandle(random: .counting(from: 0))
        let link = MagicLink(
            origin: try Origin(parsing: "https://portal.example.com"),
            callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .counting(from: 0xE0)), next: nil)
        let request = SignInRequest(
            link: link, recipient: try #require(EmailAddress(parsing: "ada@example.com")),
            codeRequest: code.map { SignInRequest.CodeRequest(handle: handle, code: $0) })
        let job = MailJob(
            for: request, issuedAt: UnixTime(milliseconds: 1), expiresAt: UnixTime(milliseconds: 2))
        let sealed = try job.sealed(by: ring, random: .system)
        let opened = try MailJob(opening: sealed, with: ring)
        #expect(opened == job)
        #expect(opened.code == text)
        #expect("\(opened)" == "mail job d90bad97384181273203dd0f8cc30e16")

        // The job holds the code, but not the code handle.
        let box = try ring.open(sealed.box, keyID: sealed.keyID, authenticating: Array(sealed.id.utf8))
        let plaintext = box.withUnsafeBytes { Array($0) }
        guard case .object(let members) = try JSONValue(parsing: plaintext) else { throw CryptoError.notAuthentic }
        #expect(members["code"] == text.map { JSONValue.string($0) })
        #expect(!String(decoding: plaintext, as: UTF8.self).contains(handle.text))
    }

    @Test(
        "a malformed code is ignored, and the job opens without one",
        arguments: [
            "null", "123456", "true", "{}", #"["123456"]"#, #""""#, #""12345""#, #""1234567""#, #""12345a""#,
            #"" 12345""#, #""123456 ""#, #""12 456""#, #""12345\n""#, #""12345\u0000""#, #""１２３４５６""#, #""١٢٣""#,
        ])
    func malformedCode(value: String) throws {
        let ring = try ring("k1", from: 0x80)
        let job = try MailJob(opening: sealed(MailJobTests.json(["code": value]), by: ring), with: ring)
        #expect(job.code == nil)
        #expect(job.link == "https://portal.example.com/auth/callback?token=t")
        let whole = try MailJob(opening: sealed(MailJobTests.json(["code": #""041592""#]), by: ring), with: ring)
        #expect(whole.code == "041592")
    }
}

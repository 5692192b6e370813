import Cryptography
import Net
import Platform
import TestSupport
import Testing

@testable import SignIn

@Suite
struct CodeChallengeTests {
    /// Verifiers and their challenges: that of RFC 7636, appendix B, and others from another implementation.
    static let examples: [(String, String)] = [
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        (String(repeating: "a", count: 43), "ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA"),
        (String(repeating: "-._~", count: 11), "lK2NFO4fUsSGSxx7eD9ozetZRvfDEp9wtnPrjHKcyXE"),
        (String(repeating: "~", count: 128), "zNhOm5Jyonenca7bQzzpjUpwFDVrfhrbbOGCqgWA6HU"),
    ]

    @Test("a challenge is the base64url of the verifier's SHA-256", arguments: CodeChallengeTests.examples)
    func knownAnswers(verifier: String, challenge: String) throws {
        #expect(CodeChallenge(of: CodeVerifier(text: verifier)).text == challenge)
    }

    @Test("another character anywhere in a verifier gives another challenge")
    func everyCharacter() throws {
        let verifier = CodeChallengeTests.examples[0].0
        var challenges: Set<CodeChallenge> = [CodeChallenge(of: CodeVerifier(text: verifier))]
        let characters = Array(verifier)
        for index in characters.indices {
            var changed = characters
            changed[index] = characters[index] == "A" ? "B" : "A"
            challenges.insert(CodeChallenge(of: CodeVerifier(text: String(changed))))
        }
        challenges.insert(CodeChallenge(of: CodeVerifier(text: verifier + "A")))
        challenges.insert(CodeChallenge(of: CodeVerifier(text: String(verifier.dropLast()))))
        #expect(challenges.count == 1 + 43 + 2)
    }

    /// The challenge of a record whose box has this value for it, which is given as JSON.
    private func challenge(readFrom json: String) throws -> CodeChallenge? {
        let token = try LoginToken(random: .counting(from: 0xE0))
        let text =
            #"{"email":"ada@example.com","origin":"https://portal.example","challenge":\#(json),"issued_at":0,"expires_at":0}"#
        var plaintext = Array(text.utf8)
        let box = try StoreHarness.tokenKeys.seal(wiping: &plaintext, .record, for: token, random: .system)
        return try TokenRecord(opening: box, with: token, by: StoreHarness.tokenKeys).challenge
    }

    @Test("a challenge is read back as it was written", arguments: CodeChallengeTests.examples)
    func read(verifier: String, text: String) throws {
        let challenge = CodeChallenge(of: CodeVerifier(text: verifier))
        #expect(try self.challenge(readFrom: #""\#(text)""#) == challenge)
        let token = try LoginToken(random: .system)
        let record = TokenRecord(
            email: try #require(EmailAddress(parsing: "ada@example.com")),
            origin: try Origin(parsing: "https://portal.example"), next: nil, challenge: challenge,
            issuedAt: UnixTime(milliseconds: 0), expiresAt: UnixTime(milliseconds: 0))
        let keys = StoreHarness.tokenKeys
        let opened = try TokenRecord(
            opening: record.sealed(for: token, by: keys, random: .system), with: token, by: keys)
        #expect(opened == record)
        #expect(opened.challenge?.text == text)
    }

    @Test(
        "a value that is not 43 characters of base64url is ignored",
        arguments: [
            "null", "7", "true", "{}", #"[""]"#, #""""#, #""E9Melhoa""#,
            #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c""#, #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMA""#,
            #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=""#, #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=""#,
            #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM""#, #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw/cM""#,
            #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw cM""#, #"" E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c""#,
            #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw.cM""#, #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw~cM""#,
            #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstwéM""#, #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\n""#,
            #""E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSst\u0000-cM""#,
        ])
    func malformed(json: String) throws {
        #expect(try challenge(readFrom: json) == nil)
    }

    @Test("printing a verifier does not reveal it")
    func printing() {
        let verifier = CodeVerifier(text: CodeChallengeTests.examples[0].0)
        var dumped = ""
        dump(verifier, to: &dumped)
        #expect("\(verifier)" == "<secret>")
        #expect(String(reflecting: verifier) == "<secret>")
        #expect("\([verifier])" == "[<secret>]")
        #expect(!dumped.contains("dBjft"))
    }
}

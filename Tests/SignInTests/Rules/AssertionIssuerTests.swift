import Bytes
import Cryptography
import Foundation
import Net
import Platform
import SignIn
import TestSupport
import Testing

@Suite
struct AssertionIssuerTests {
    /// The key of RFC 8037, appendix A.1, and its public half in base64url.
    private static let example = [UInt8](hex: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    private static let examplePublic = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

    private func issuer(
        _ name: String = "https://door.example.com",
        _ keys: [(String, [UInt8])] = [("k1", AssertionIssuerTests.example)]
    ) throws -> AssertionIssuer {
        AssertionIssuer(name: name, keys: keys.map { KeyRing.Entry(id: $0.0, key: Secret(copying: $0.1)) })
    }

    private func record(
        _ email: String = "Ada@example.com", _ origin: String = "https://portal.example.com", nonce: String? = nil
    ) throws -> TokenRecord {
        TokenRecord(
            email: try #require(EmailAddress(parsing: email)), origin: try Origin(parsing: origin),
            next: try PortalPath(parsing: "/secret?path"), issuedAt: UnixTime(milliseconds: 0),
            expiresAt: UnixTime(milliseconds: 900_000), nonce: nonce)
    }

    /// A part of an assertion as JSON. Another decoder than the program's reads its base64url.
    private func object(_ part: String) throws -> JSONObject {
        let standard = part.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        let data = try #require(Data(base64Encoded: standard + padding))
        let value = try JSONValue(parsing: [UInt8](data))
        guard case .object(let members) = value else { throw CryptoError.notAuthentic }
        return members
    }

    @Test("an assertion is, to the letter, that of another implementation")
    func knownAnswer() throws {
        // Header {"alg":"EdDSA","typ":"postern-assertion+jwt","kid":"k1"}, claims {"iss":"https://door.example.com",
        // "aud":"https://portal.example.com","sub":"ada@example.com","iat":1735689600,"exp":1735689660,
        // "jti":"d90bad97384181273203dd0f8cc30e16","auth_time":1735689600,"amr":["otp"],"nonce":"n-1"}.
        let expected = [
            "eyJhbGciOiJFZERTQSIsInR5cCI6InBvc3Rlcm4tYXNzZXJ0aW9uK2p3dCIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczov",
            "L2Rvb3IuZXhhbXBsZS5jb20iLCJhdWQiOiJodHRwczovL3BvcnRhbC5leGFtcGxlLmNvbSIsInN1YiI6ImFkYUBleGFtcGxl",
            "LmNvbSIsImlhdCI6MTczNTY4OTYwMCwiZXhwIjoxNzM1Njg5NjYwLCJqdGkiOiJkOTBiYWQ5NzM4NDE4MTI3MzIwM2RkMGY4",
            "Y2MzMGUxNiIsImF1dGhfdGltZSI6MTczNTY4OTYwMCwiYW1yIjpbIm90cCJdLCJub25jZSI6Im4tMSJ9.oIFpMNNL1A4g3in",
            "YWSb5t613SzFRNIAdGQcDEvBNdGDHcBorSIlOuxg1o6hC_ua9xMzAza5it_6RnrAKjRZMAA",
        ].joined()
        let assertion = try issuer().assertion(
            for: record(nonce: "n-1"), id: "d90bad97384181273203dd0f8cc30e16", methods: ["otp"],
            at: UnixTime(milliseconds: 1_735_689_600_999))
        #expect(assertion == expected)
    }

    @Test("header and claims have these values, and no others are there")
    func claims() throws {
        let assertion = try issuer("door \"7\"", [("OLD_1-b", [UInt8](0..<32))]).assertion(
            for: record("o'hara+x@example.com", "http://localhost:3000"), id: "0123456789abcdef0123456789abcdef",
            methods: [], at: UnixTime(milliseconds: 59_999))
        let parts = assertion.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        try #require(parts.count == 3)
        let header: JSONObject = [
            "alg": .string("EdDSA"), "typ": .string("postern-assertion+jwt"), "kid": .string("OLD_1-b"),
        ]
        #expect(try object(parts[0]) == header)
        let claims: JSONObject = [
            "iss": .string("door \"7\""), "aud": .string("http://localhost:3000"),
            "sub": .string("o'hara+x@example.com"),
            // Whole seconds, rounded down, and a minute more.
            "iat": .number(59), "exp": .number(119), "jti": .string("0123456789abcdef0123456789abcdef"),
            "auth_time": .number(59),
        ]
        #expect(try object(parts[1]) == claims)
        #expect(AssertionIssuer.lifetime == .seconds(60))
        // Base64url without padding (RFC 7515 §2). The signature has 64 bytes.
        #expect(parts[2].utf8.count == 86)
        #expect(!assertion.contains { "=+/ \n".contains($0) })
    }

    @Test("the first key signs, and all are published in their order")
    func keys() throws {
        let other = [UInt8](0..<32)
        let issuer = try issuer("door", [("new", AssertionIssuerTests.example), ("old", other)])
        let rest = #","alg":"EdDSA","use":"sig","kid":"#
        let expected =
            #"{"keys":[{"kty":"OKP","crv":"Ed25519"\#(rest)"new","x":"\#(AssertionIssuerTests.examplePublic)"},"#
            + #"{"kty":"OKP","crv":"Ed25519"\#(rest)"old","x":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}]}"#
        #expect(String(decoding: issuer.keySet, as: UTF8.self) == expected)
        #expect(String(decoding: AssertionIssuer.emptyKeySet, as: UTF8.self) == #"{"keys":[]}"#)

        let assertion = try issuer.assertion(for: record(), id: "x", methods: [], at: .now())
        let parts = assertion.split(separator: ".").map { String($0) }
        #expect(try object(parts[0])["kid"] == .string("new"))
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        for (key, isSigner) in [(AssertionIssuerTests.example, true), (other, false)] {
            let signature = SigningKey(Secret(copying: key)).signature(of: signed).withUnsafeBytes(base64URL)
            #expect((signature == parts[2]) == isSigner)
        }
    }

    @Test("another person, portal, sign-in or second gives another assertion, and the same input gives the same")
    func differences() throws {
        let issuer = try issuer()
        let now = UnixTime(milliseconds: 1_735_689_600_000)
        let assertion = try issuer.assertion(for: record(), id: "a", methods: [], at: now)
        #expect(try issuer.assertion(for: record(), id: "a", methods: [], at: now + .milliseconds(999)) == assertion)
        let others = [
            try issuer.assertion(for: record("grace@example.com"), id: "a", methods: [], at: now),
            try issuer.assertion(
                for: record("ada@example.com", "https://other.example.com"), id: "a", methods: [], at: now),
            try issuer.assertion(
                for: record("ada@example.com", "http://portal.example.com"), id: "a", methods: [], at: now),
            try issuer.assertion(for: record(), id: "b", methods: [], at: now),
            try issuer.assertion(for: record(), id: "a", methods: [], at: now + .seconds(1)),
            try self.issuer("https://door.example.org").assertion(for: record(), id: "a", methods: [], at: now),
            try self.issuer("https://door.example.com", [("k2", AssertionIssuerTests.example)])
                .assertion(for: record(), id: "a", methods: [], at: now),
            try self.issuer("https://door.example.com", [("k1", [UInt8](0..<32))])
                .assertion(for: record(), id: "a", methods: [], at: now),
        ]
        #expect(Set(others + [assertion]).count == 9)
        // Each has its own signature, too.
        #expect(Set((others + [assertion]).map { $0.suffix(86) }).count == 9)
    }

    @Test("neither the key set nor an assertion reveals a secret")
    func secrecy() throws {
        let issuer = try issuer()
        let assertion = try issuer.assertion(for: record(), id: "x", methods: [], at: .now())
        let parts = assertion.split(separator: ".").map { String($0) }
        let claims = try object(parts[1])
        #expect(claims["next"] == nil)
        #expect(claims["callback_next"] == nil)
        let published = String(decoding: issuer.keySet, as: UTF8.self)
        // `d` of RFC 8037, appendix A.1.
        #expect(!published.contains("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        #expect(!published.contains(#""d":"#))
    }

    @Test("the openssl program accepts the signature, and refuses it for a changed text")
    func openSSL() async throws {
        let assertion = try issuer().assertion(for: record(), id: "x", methods: [], at: .now())
        let parts = assertion.split(separator: ".").map { String($0) }
        try #require(parts.count == 3)
        let standard = parts[2].replacing("-", with: "+").replacing("_", with: "/")
        let signature = try #require(Data(base64Encoded: standard + "=="))
        let key = SigningKey(Secret(copying: AssertionIssuerTests.example)).publicKey
        let folder = try Folder()
        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
            return "\(folder.path)/\(name)"
        }
        // An Ed25519 key as a SubjectPublicKeyInfo (RFC 8410 §4).
        let keyPath = try write("key", [UInt8](hex: "302a300506032b6570032100") + key)
        let signaturePath = try write("signature", [UInt8](signature))
        let text = "\(parts[0]).\(parts[1])"
        for (number, signed) in [text, text + "A", String(text.dropLast()), text.uppercased()].enumerated() {
            let path = try write("text\(number)", Array(signed.utf8))
            let arguments = [
                "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", keyPath, "-rawin", "-in", path, "-sigfile",
                signaturePath,
            ]
            let output = try? await onOwnThread { try ChildProcess.output("openssl", arguments) }
            #expect((output != nil) == (number == 0), "\(number)")
        }
    }
}

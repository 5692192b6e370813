import Cryptography
import Testing

@testable import APIKeys

@Suite
struct APIKeyTests {
    /// The key of the bytes 0 to 31.
    static let text = "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    @Test("a new key is pk_ and 43 characters of base64url, and different each time")
    func new() throws {
        let counting = RandomBytes { (buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) in
            for index in buffer.indices { buffer[index] = UInt8(index) }
        }
        #expect(try APIKey(random: counting).text == APIKeyTests.text)
        let keys = try (0..<100).map { _ in try APIKey(random: .system).text }
        #expect(Set(keys).count == 100)
        for key in keys { #expect(key.wholeMatch(of: /pk_[A-Za-z0-9_-]{43}/) != nil) }
    }

    @Test("a key is parsed, and its digest is what `printf %s KEY | sha256sum` prints")
    func parsed() throws {
        let key = try #require(APIKey(parsing: APIKeyTests.text))
        #expect(key.text == APIKeyTests.text)
        #expect(key.digest.hex == "53c0e92043d79911eef4abeec9f151eb52ed6f0bad6f7130b29d8ac9b0e0a38c")
        #expect(key.digest.id == "53c0e92043d79911eef4abeec9f151eb52ed6f0bad6f7130b29d8ac9b0e0a38c".prefix(32))
        #expect("\(key)" == "<secret>")
        #expect(String(reflecting: key) == "<secret>")
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", "pk_", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh",
            "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A", "PK_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "pk-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            // Another spelling of the same bytes.
            "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+",
            " pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 ",
            "pk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHé", String(repeating: "pk_", count: 3_000),
        ])
    func refused(text: String) {
        #expect(APIKey(parsing: text) == nil)
    }

    @Test("a digest is 64 hexadecimal digits, in either case; digests match only if all bytes are the same")
    func digest() throws {
        let digest = try #require(APIKey(parsing: APIKeyTests.text)).digest
        #expect(try #require(APIKeyDigest(hex: digest.hex)).matches(digest))
        #expect(try #require(APIKeyDigest(hex: digest.hex.uppercased())).matches(digest))
        for index in 0..<64 {
            var digits = Array(digest.hex)
            digits[index] = digits[index] == "0" ? "1" : "0"
            #expect(try !#require(APIKeyDigest(hex: String(digits))).matches(digest))
            digits[index] = "g"
            #expect(APIKeyDigest(hex: String(digits)) == nil)
        }
        #expect(APIKeyDigest(hex: digest.hex + "0") == nil)
        #expect(APIKeyDigest(hex: digest.hex.dropLast()) == nil)
    }
}

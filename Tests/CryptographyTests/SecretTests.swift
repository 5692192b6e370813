import Cryptography
import TestSupport
import Testing

@Suite
struct SecretTests {
    private let secret = Secret(copying: Array("hunter2".utf8))

    /// A structure with secrets, which could be logged.
    struct Holder {
        let name: String
        let secret: Secret
        let other: Secret?
    }

    @Test("a secret prints as <secret> in every way")
    func printing() {
        #expect(secret.description == "<secret>")
        #expect("\(secret)" == "<secret>")
        #expect(String(describing: secret) == "<secret>")
        #expect(String(reflecting: secret) == "<secret>")
        #expect("\([secret])" == "[<secret>]")
        #expect("\(Optional(secret) as Any)" == "Optional(<secret>)")
    }

    @Test("a structure that holds a secret does not print it")
    func printingWithin() {
        let holder = Holder(name: "k1", secret: secret, other: secret)
        #expect("\(holder)".contains("secret: <secret>"))
        let entry = KeyRing.Entry(id: "k1", key: secret)
        #expect("\(entry)".contains("key: <secret>"))
        for text in ["\(holder)", String(reflecting: holder), dumped(holder), "\(entry)", dumped(entry)] {
            #expect(text.contains("k1"))
            #expect(text.contains("<secret>"))
            expectNothing(of: "hunter2", in: text)
        }
    }

    @Test("a mirror shows nothing")
    func mirror() {
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(Mirror(reflecting: secret).superclassMirror == nil)
        #expect(dumped(secret).contains("<secret>"))
        expectNothing(of: "hunter2", in: dumped(secret))
    }

    @Test("two secrets match if they have the same bytes", arguments: ["", "a", "hunter2"])
    func matching(text: String) {
        #expect(Secret(copying: Array(text.utf8)).matches(Secret(copying: Array(text.utf8))))
    }

    @Test(
        "two secrets do not match if a byte or the length differs",
        arguments: ["", "hunter", "hunter22", "Hunter2", "hunter3", "hunteR2", "hunter2\0", "\0hunter2", "2retnuh"])
    func notMatching(text: String) {
        let other = Secret(copying: Array(text.utf8))
        #expect(!secret.matches(other))
        #expect(!other.matches(secret))
    }

    static let contents: [[UInt8]] = [[], [0], [1, 2, 3], Array(UInt8.min ... .max)]

    @Test("a secret has the bytes that it was created from", arguments: SecretTests.contents)
    func content(bytes: [UInt8]) {
        #expect(Secret(copying: bytes).withUnsafeBytes { Array($0) } == bytes)
        #expect(Secret(copying: bytes).count == bytes.count)
        var original = bytes
        let moved = Secret(wiping: &original)
        #expect(moved.withUnsafeBytes { Array($0) } == bytes)
        #expect(original.isEmpty)
    }

    @Test("a secret has the requested size, and is zero before it is filled", arguments: [0, 1, 32, 1000])
    func filling(count: Int) {
        var seen: [UInt8] = [1]
        let secret = Secret(count: count) { buffer in
            seen = Array(buffer)
            for index in buffer.indices { buffer[index] = 7 }
        }
        #expect(seen == [UInt8](repeating: 0, count: count))
        #expect(secret.withUnsafeBytes { Array($0) } == [UInt8](repeating: 7, count: count))
    }

    @Test("an error from filling a secret is passed on")
    func failing() {
        #expect(throws: CryptoError.noRandomness) {
            _ = try Secret(count: 8) { (_) throws(CryptoError) in throw .noRandomness }
        }
    }

    @Test("errors do not print keys or plaintexts, and say what went wrong")
    func errors() {
        #expect(CryptoError.notAuthentic.description == "the sealed box is not authentic")
        #expect(CryptoError.unknownKey(id: "k1").description == "no key with the id k1 is configured")
    }

    private func dumped(_ value: some Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }

    /// Expects that a text shows neither the content, as text or as numbers, nor its address in memory.
    private func expectNothing(of content: String, in text: String) {
        #expect(!text.contains(content))
        #expect(!text.contains("\(Array(content.utf8)[0]), \(Array(content.utf8)[1])"))
        #expect(!text.contains("0x"))
        #expect(!text.contains("storage"))
    }
}

import Cryptography
import TestSupport
import Testing

@Suite
struct RandomBytesTests {
    private func bytes(_ count: Int) throws -> [UInt8] {
        try RandomBytes.system.secret(count: count).withUnsafeBytes { Array($0) }
    }

    @Test(
        "a secret has the requested number of random bytes",
        arguments: [0, 1, 12, 32, 255, 256, 257, 512, 513, 1000, 100_000])
    func count(count: Int) throws {
        #expect(try bytes(count).count == count)
    }

    @Test("random bytes differ each time", arguments: [16, 32, 256, 257, 1000])
    func difference(count: Int) throws {
        var seen: Set<[UInt8]> = []
        for _ in 0..<100 { seen.insert(try bytes(count)) }
        #expect(seen.count == 100)
    }

    @Test("each random byte of a buffer is filled", arguments: [1, 255, 256, 257, 512, 513, 1000])
    func filled(count: Int) throws {
        // A random byte is zero 40 times in a row with a probability of 2⁻³²⁰.
        var isFilled = [Bool](repeating: false, count: count)
        for _ in 0..<40 {
            for (index, byte) in try bytes(count).enumerated() where byte != 0 { isFilled[index] = true }
        }
        #expect(!isFilled.contains(false))
    }

    @Test("a custom source fills the whole buffer")
    func source() throws {
        let secret = try RandomBytes.counting(from: 250).secret(count: 8)
        #expect(secret.withUnsafeBytes { Array($0) } == [250, 251, 252, 253, 254, 255, 0, 1])
    }

    @Test("an error of the source is passed on")
    func failure() {
        let broken = RandomBytes { (_) throws(CryptoError) in throw .noRandomness }
        #expect(throws: CryptoError.noRandomness) { try broken.secret(count: 32) }
    }
}

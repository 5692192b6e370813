import Cryptography
import TestSupport
import Testing

@Suite
struct RandomBytesTests {
    private func bytes(_ count: Int) throws -> [UInt8] {
        try RandomBytes.system.secret(count: count).withUnsafeBytes { Array($0) }
    }

    @Test("there are as many as were asked for", arguments: [0, 1, 12, 32, 255, 256, 257, 512, 513, 1000, 100_000])
    func count(count: Int) throws {
        #expect(try bytes(count).count == count)
    }

    @Test("they differ each time", arguments: [16, 32, 256, 257, 1000])
    func difference(count: Int) throws {
        var seen: Set<[UInt8]> = []
        for _ in 0..<100 { seen.insert(try bytes(count)) }
        #expect(seen.count == 100)
    }

    @Test("every one of them is filled", arguments: [1, 255, 256, 257, 512, 513, 1000])
    func filled(count: Int) throws {
        // That a byte is zero 40 times over has a probability of 2⁻³²⁰.
        var isFilled = [Bool](repeating: false, count: count)
        for _ in 0..<40 {
            for (index, byte) in try bytes(count).enumerated() where byte != 0 { isFilled[index] = true }
        }
        #expect(!isFilled.contains(false))
    }

    @Test("a source that is handed in is used, for the whole buffer")
    func source() throws {
        let secret = try RandomBytes.counting(from: 250).secret(count: 8)
        #expect(secret.withUnsafeBytes { Array($0) } == [250, 251, 252, 253, 254, 255, 0, 1])
    }

    @Test("a source's error comes through")
    func failure() {
        let broken = RandomBytes { (_) throws(CryptoError) in throw .noRandomness }
        #expect(throws: CryptoError.noRandomness) { try broken.secret(count: 32) }
    }
}

import Cryptography
import SignIn
import TestSupport
import Testing

@Suite
struct SignInCodeTests {
    /// A source of randomness that returns these numbers, one at each call, and then fails.
    private struct Numbers {
        let random: RandomBytes
        private let position: Mutexed<Int>

        init(_ numbers: [UInt32]) {
            let position = Mutexed(0)
            random = RandomBytes { (buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void in
                let index = position.update { (position: inout Int) -> Int in
                    position += 1
                    return position - 1
                }
                guard buffer.count == 4, numbers.indices.contains(index) else { throw CryptoError.noRandomness }
                buffer.storeBytes(of: numbers[index], as: UInt32.self)
            }
            self.position = position
        }

        /// The number of calls.
        var usedCount: Int { position.value }
    }

    static let numbers: [([UInt32], String)] = [
        ([0], "000000"), ([1], "000001"), ([42], "000042"), ([99_999], "099999"), ([100_000], "100000"),
        ([999_999], "999999"), ([1_000_000], "000000"), ([1_000_001], "000001"), ([123_456_789], "456789"),
        // 4,294 million is the last whole million below 2³². Numbers beyond would make small codes likelier.
        ([4_293_000_000], "000000"), ([4_293_999_999], "999999"), ([4_294_000_000, 7], "000007"),
        ([4_294_967_295, 8], "000008"), ([4_294_000_001, 4_294_500_000, 4_294_967_294, 4_293_999_999], "999999"),
    ]

    @Test(
        "a code is the remainder of a number that is drawn fairly, with leading zeros",
        arguments: SignInCodeTests.numbers)
    func fair(numbers: [UInt32], text: String) throws {
        let source = Numbers(numbers)
        #expect(try SignInCode(random: source.random).text == text)
        #expect(source.usedCount == numbers.count)
    }

    @Test("all digits are equally likely at every place")
    func uniform() throws {
        var generator = SeededGenerator(seed: 6)
        let numbers = (0..<61_000).map { _ -> UInt32 in
            let bits: UInt64 = generator.next()
            return UInt32(truncatingIfNeeded: bits)
        }
        let source = Numbers(numbers)
        var counts = [[Int]](repeating: [Int](repeating: 0, count: 10), count: 6)
        var codes: Set<String> = []
        for _ in 0..<60_000 {
            let code = try SignInCode(random: source.random).text
            try #require(code.utf8.count == 6)
            for (place, digit) in code.utf8.enumerated() { counts[place][Int(digit) - 48] += 1 }
            codes.insert(code)
        }
        // Each is expected 6,000 times, with a standard deviation of 73.5; the numbers are the same in every run.
        for place in counts {
            for count in place { #expect((5600...6400).contains(count), "\(place)") }
        }
        // Of 60,000 codes out of a million, 1,765 are expected to be repetitions.
        #expect((57_900...58_600).contains(codes.count))
    }

    @Test("the system's codes differ")
    func system() throws {
        var codes: Set<String> = []
        for _ in 0..<200 {
            let code = try SignInCode(random: .system)
            #expect(code.text.utf8.count == 6)
            #expect(code.text.utf8.allSatisfy { (48...57).contains($0) })
            #expect(SignInCode(parsing: code.text) == code)
            codes.insert(code.text)
        }
        // The probability of ten repetitions is below 10⁻¹⁸.
        #expect(codes.count > 190)
    }

    @Test("without randomness there is no code")
    func noRandomness() {
        let broken = RandomBytes { (_) throws(CryptoError) in throw .noRandomness }
        #expect(throws: CryptoError.noRandomness) { try SignInCode(random: broken) }
        let short = Numbers([4_294_000_000])
        #expect(throws: CryptoError.noRandomness) { try SignInCode(random: short.random) }
    }

    // MARK: - Reading

    @Test("six ASCII digits are a code", arguments: ["000000", "000001", "041592", "123456", "999999"])
    func read(text: String) throws {
        let code = try #require(SignInCode(parsing: text))
        #expect(code.text == text)
        #expect(code == SignInCode(parsing: text))
    }

    @Test(
        "a text that is not six ASCII digits is refused",
        arguments: [
            "", "0", "12345", "1234567", "12345678901234567890", " 12345", "12345 ", " 123456", "123456 ", "123 456",
            "123-456", "12345a", "a12345", "abcdef", "+12345", "-12345", "1e5000", "0x1234", "12.456", "12345\n",
            "123456\n", "\n123456", "12345\0", "123456\0", "\0\0\0\0\0\0", "12345/", "12345:", "\u{FF11}2345",
            // Full-width, Arabic and superscript digits. The two shorter texts have six bytes.
            "\u{FF11}\u{FF12}\u{FF13}\u{FF14}\u{FF15}\u{FF16}", "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
            "\u{661}\u{662}\u{663}", "\u{B2}\u{B3}\u{B9}", "123456\u{301}", "1234\u{301}", "12345\u{FE0F}",
        ])
    func malformed(text: String) {
        #expect(SignInCode(parsing: text) == nil)
    }

    @Test("printing a code does not reveal it")
    func printing() throws {
        let code = try #require(SignInCode(parsing: "041592"))
        var dumped = ""
        dump(code, to: &dumped)
        #expect("\(code)" == "<secret>")
        #expect(String(reflecting: code) == "<secret>")
        #expect("\([code])" == "[<secret>]")
        #expect(!dumped.contains("041592"))

        let request = SignInRequest.CodeRequest(handle: try CodeHandle(random: .counting(from: 0xE0)), code: code)
        dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(!text.contains("041592"))
            #expect(!text.contains("4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"))
        }
    }
}

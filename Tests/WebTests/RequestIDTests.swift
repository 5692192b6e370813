import Testing

@testable import Web

@Suite
struct RequestIDTests {
    @Test(
        "the client's id is kept if it is 1 to 128 visible ASCII characters",
        arguments: [
            "a", "0", "!", "~", "6f1c0a52-7b7e-4b0e-9d0b-3a1f7c2e9d44", "a,b", "\"'<>&%;\\/",
            String(repeating: "x", count: 127), String(repeating: "x", count: 128),
            String(decoding: UInt8(0x21)...0x7E, as: UTF8.self),
        ])
    func kept(_ given: String) {
        #expect(RequestID(given: given).text == given)
    }

    @Test(
        "any other id is replaced by 32 hexadecimal digits",
        arguments: [
            nil, "", " ", " a", "a ", "a b", "a, b", "a\tb", "a\r\nX-Evil: b", "a\u{0}", "a\u{7F}", "\u{E9}",
            "a\u{1F600}", String(repeating: "x", count: 129), String(repeating: "x", count: 1_000),
        ] as [String?])
    func replaced(_ given: String?) {
        let text = RequestID(given: given).text
        #expect(text != given)
        #expect(text.utf8.count == 32)
        #expect(text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) })
    }

    @Test("new ids are unique, even across threads")
    func different() async {
        let all = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<500).map { _ in RequestID(given: nil).text } }
            }
            return await group.reduce(into: Set<String>()) { all, some in all.formUnion(some) }
        }
        #expect(all.count == 4000)
    }
}

import Bytes
import Testing
import Web

@Suite
struct ScopeTests {
    @Test(
        "a scope is two names of lower-case letters, digits and hyphens, each starting with a letter",
        arguments: [
            "links:write", "a:b", "mail-queue:read-all", "a1:b2", "a-:b-", String(repeating: "a", count: 62) + ":b",
        ])
    func valid(text: String) throws {
        #expect(try Scope(parsing: text).text == text)
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", ":", "links", "links:", ":write", "links:write:all", "links::write", "Links:write", "links:Write",
            "links:wrïte", "1links:write", "links:1write", "-links:write", "links:-write", "links write",
            " links:write",
            "links:write ", "links:write\n", "links:wr\"ite", "links:*", "links:write,", "links.write",
            String(repeating: "a", count: 63) + ":b", "links:" + String(repeating: "b", count: 10_000),
        ])
    func invalid(text: String) {
        #expect(throws: ParseError.self) { try Scope(parsing: text) }
    }

    @Test("a scope in the code must be valid")
    func literal() async {
        #expect(("links:write" as Scope).text == "links:write")
        await #expect(processExitsWith: .failure) { _ = "links" as Scope }
    }
}

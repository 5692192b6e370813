import Redis
import TestSupport
import Testing

@testable import APIKeys

@Suite
struct APIKeyScriptsTests {
    @Test("the names of keys and arguments are those at the start of each script, in order")
    func names() throws {
        let files = try ScriptText.scripts(in: "Web/APIKeys")
        #expect(ScriptText.differences(in: files, from: APIKeyScripts().all) == [])
    }
}

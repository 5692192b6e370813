import Redis
import TestSupport
import Testing

@testable import SignIn

@Suite
struct SignInScriptsTests {
    @Test("the names of keys and arguments are those at the start of each script, in order")
    func names() throws {
        let files = try ScriptText.scripts(in: "Features/SignIn/Store")
        #expect(ScriptText.differences(in: files, from: SignInScripts().all) == [])
    }
}

import Redis
import TestSupport
import Testing

@testable import MailQueue

@Suite
struct QueueScriptsTests {
    @Test("the names of keys and arguments are those at the start of each script, in order")
    func names() throws {
        let files = try ScriptText.scripts(in: "Mail/MailQueue")
        #expect(ScriptText.differences(in: files, from: QueueScripts(keys: QueueKeys(prefix: "")).all) == [])
    }
}

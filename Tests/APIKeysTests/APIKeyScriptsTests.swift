import Redis
import TestSupport
import Testing

@testable import APIKeys

@Suite
struct APIKeyScriptsTests {
    @Test("the names of keys and arguments are those at the start of each script, in order")
    func names() throws {
        let files = try ScriptText.scripts(in: "Web/APIKeys")
        let sources = APIKeyScripts().all
        #expect(files.count == sources.count)
        for file in files {
            let source = try #require(sources.first { $0.text.hasSuffix(file.text) }, "\(file.name)")
            #expect(file.keyNames == source.keyNames, "\(file.name)")
            #expect(file.argumentNames == source.argumentNames, "\(file.name)")
            let described = file.describedNames()
            #expect(described.keys == source.keyNames, "\(file.name)")
            #expect(described.arguments == source.argumentNames, "\(file.name)")
            if let first = file.firstBucketAndSetting {
                #expect(first == [source.keyNames.count + 1, source.argumentNames.count + 1], "\(file.name)")
            }
        }
    }
}

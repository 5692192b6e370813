import Cryptography
import Foundation
import Platform
import Settings
import TestSupport
import Testing

@Suite
struct SettingFileTests {
    /// The ids of the secret keys in a file with these bytes.
    private func keys(in bytes: [UInt8], _ more: [String: String] = [:]) throws -> [String] {
        let folder = try Folder()
        let path = "\(folder.path)/keys"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try keys(["POSTERN_SECRET_KEYS_FILE": path].merging(more) { $1 })
    }

    private func keys(_ variables: [String: String]) throws -> [String] {
        try SharedSettings(Environment(variables)).secretKeys.map(\.id)
    }

    private static let value = "k1:\(SampleKey.first),k2:\(SampleKey.second)"

    @Test("the value is the file's text, without one line end", arguments: ["", "\n", "\r\n"])
    func read(end: String) throws {
        #expect(try keys(in: Array((SettingFileTests.value + end).utf8)) == ["k1", "k2"])
    }

    @Test("each setting that holds a secret can be in a file", arguments: Environment.secretNames.sorted())
    func names(name: String) {
        // The message proves that the file was looked for.
        #expect { try Environment([name + "_FILE": "/no/such/file"]).required(name, example: "") { $0 } } throws: {
            ($0 as? SettingError)?.name == name + "_FILE"
        }
    }

    @Test("a setting that holds no secret has no file")
    func others() throws {
        let environment = Environment(["POSTERN_IP_LIMIT_FILE": "/no/such/file"])
        #expect(try environment.optional("POSTERN_IP_LIMIT", example: "") { $0 } == nil)
    }

    @Test(
        "a file that cannot be meant stops the start, and the message names its variable",
        arguments: [
            [], Array("\n".utf8), [0xFF, 0xFE], [UInt8](repeating: 65, count: 65_537),
        ] as [[UInt8]])
    func wrong(bytes: [UInt8]) {
        #expect { try keys(in: bytes) } throws: { ($0 as? SettingError)?.name == "POSTERN_SECRET_KEYS_FILE" }
    }

    @Test("a folder, or the value twice, stops the start")
    func conflicts() throws {
        #expect { try keys(["POSTERN_SECRET_KEYS_FILE": "/"]) } throws: {
            ($0 as? SettingError)?.name == "POSTERN_SECRET_KEYS_FILE"
        }
        #expect {
            try keys(in: Array(SettingFileTests.value.utf8), ["POSTERN_SECRET_KEYS": "k3:\(SampleKey.third)"])
        } throws: { ($0 as? SettingError)?.rule.contains("together") == true }
    }
}

import Foundation
import MailMessage
import TestSupport
import Testing

@testable import Delivery

@Suite
struct MaildirTransportTests {
    private func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("a message becomes a file in new, byte for byte, and tmp is empty again")
    func delivered() async throws {
        let folder = try Folder()
        let path = "\(folder.path)/a b/mail"
        let message = try Sample.message(content: "Subject: x\r\n\r\n.\r\n\0\u{7F}é\r\n")
        #expect(try await deliver(message, by: MaildirTransport(path: path)) == .delivered(nil))
        #expect(try files(in: path) == ["cur", "new", "tmp"])
        #expect(try files(in: "\(path)/tmp").isEmpty)
        let names = try files(in: "\(path)/new")
        try #require(names.count == 1)
        let file = URL(fileURLWithPath: "\(path)/new/\(names[0])")
        #expect(try Array(Data(contentsOf: file)) == message.content)
    }

    @Test("a message that is delivered twice is one file, and another message is another file")
    func repeated() async throws {
        let folder = try Folder()
        let transport = MaildirTransport(path: folder.path)
        for _ in 1...2 { #expect(try await deliver(Sample.message(), by: transport) == .delivered(nil)) }
        #expect(try files(in: "\(folder.path)/new").count == 1)
        // The same with the transport of another worker.
        let other = MaildirTransport(path: folder.path)
        #expect(try await deliver(Sample.message(), by: other) == .delivered(nil))
        #expect(try files(in: "\(folder.path)/new").count == 1)
        #expect(try await deliver(Sample.message(id: "ea866a757e4c38babfa8127cbe9a409d"), by: other) == .delivered(nil))
        #expect(try files(in: "\(folder.path)/new").count == 2)
    }

    @Test("messages that are delivered at the same time are all written")
    func concurrently() async throws {
        let folder = try Folder()
        let transport = MaildirTransport(path: folder.path)
        try await withThrowingTaskGroup(of: DeliveryOutcome.self) { group in
            for number in 0..<50 {
                let message = try Sample.message(id: "\(number)", content: "\(number)\r\n")
                group.addTask { try await deliver(message, by: transport) }
            }
            for try await outcome in group { #expect(outcome == .delivered(nil)) }
        }
        let contents = try files(in: "\(folder.path)/new").map { name in
            try String(contentsOfFile: "\(folder.path)/new/\(name)", encoding: .utf8)
        }
        #expect(Set(contents) == Set((0..<50).map { "\($0)\r\n" }))
        #expect(contents.count == 50)
    }

    @Test("only the owner can read the folder")
    func permissions() async throws {
        let folder = try Folder()
        let path = "\(folder.path)/mail"
        #expect(try await deliver(Sample.message(), by: MaildirTransport(path: path)) == .delivered(nil))
        var status = stat()
        #expect(stat("\(path)/new", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
    }

    @Test("delivery to a folder that cannot be written fails as unavailable", arguments: ["", "/below", "/a/b/c"])
    func unwritable(rest: String) async throws {
        let folder = try Folder()
        let file = "\(folder.path)/file"
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        let outcome = try await deliver(Sample.message(), by: MaildirTransport(path: file + rest))
        #expect(outcome.summary == "unavailable folder_unwritable")
        #expect(!String(reflecting: outcome).contains("ada@"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data("x".utf8))
    }

    @Test("a folder that was removed is created again")
    func removed() async throws {
        let folder = try Folder()
        let path = "\(folder.path)/mail"
        let transport = MaildirTransport(path: path)
        #expect(try await deliver(Sample.message(), by: transport) == .delivered(nil))
        try FileManager.default.removeItem(atPath: path)
        #expect(try await deliver(Sample.message(), by: transport) == .delivered(nil))
        #expect(try files(in: "\(path)/new").count == 1)
    }
}

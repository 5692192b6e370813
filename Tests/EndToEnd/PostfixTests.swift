import Foundation
import Testing
import TestSupport

@Suite
struct PostfixTests {
    /// A private Postfix with one mailbox. When this is released, the server ends and its folder is removed.
    private final class Postfix {
        let folder = "/tmp/postern-\(UUID().uuidString)"
        let port: Int
        let process: ChildProcess

        init() async throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let port = try freePort()
            let script = Handler.repository.appendingPathComponent("Tests/EndToEnd/postfix").path
            let process = try ChildProcess(script, [folder, "\(port)"])
            self.port = port
            self.process = process
            try await eventually(within: .seconds(30), "Postfix to start; its log: \(process.log)") {
                process.log.contains("ready") || !process.isRunning
            }
        }

        deinit {
            process.terminate()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var log: String { (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? "" }

        var messages: [String] {
            let new = "\(folder)/mail/inbox/new"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: new)) ?? []
            return names.compactMap { try? String(contentsOfFile: "\(new)/\($0)", encoding: .utf8) }
        }

        /// Its URL, with the password escaped: `p@ss word/1%`.
        var url: String { "smtp://postern:p%40ss%20word%2F1%25@localhost:\(port)" }
    }

    @Test("Postfix accepts an email for its mailbox and refuses an unknown recipient; a wrong password is reported")
    func delivered() async throws {
        let postfix = try await Postfix()
        let queue = try await Queue()
        let settings = ["SSL_CERT_FILE": "\(postfix.folder)/ca.pem", "POSTERN_MAIL_TIMEOUT": "10s"]
        let worker = try await Worker(redis: queue.redis.address, mail: postfix.url, settings)
        #expect(try queue.handler.signIn(#"{"email":"inbox@example.test"}"#).status == 200)
        try await eventually("the email; Postfix's log: \(postfix.log); the worker's: \(worker.process.log)") {
            postfix.messages.count == 1
        }
        let message = try #require(postfix.messages.first)
        // Postfix's word for a message that came with TLS and authentication.
        #expect(message.contains("with ESMTPSA"))
        #expect(message.contains("To: <inbox@example.test>"))
        #expect(message.contains("Subject: Sign in to Portal"))
        #expect(try queue.handler.signIn(#"{"email":"nobody@example.test"}"#).status == 200)
        try await queue.becomes([0, 0, 1])
        #expect(worker.process.log.contains("\"reply\":\"550 5.1.1\""))
        #expect(try await worker.stop() == 0)

        let wrong = "smtp://postern:wrong@localhost:\(postfix.port)"
        for (url, code) in [(postfix.url, 0), (wrong, 1)] as [(String, Int32)] {
            let (status, output) = try await CommandLineTool.run(
                "smtp-test", "--to", "inbox@example.test",
                environment: settings.merging(
                    ["POSTERN_MAIL_URL": url, "POSTERN_MAIL_FROM": "sign-in@example.com"]) { _, own in own })
            #expect(status == code, "\(output)")
            #expect(output.contains("STARTTLS"))
            #expect(!output.contains("p@ss word") && !output.contains("cG9zdGVybg"), "no credentials are shown")
            if code == 1 { #expect(output.contains("\npostern: smtp_auth_failed: ")) }
        }
        withExtendedLifetime(postfix) {}
    }
}

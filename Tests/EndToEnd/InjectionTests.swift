import Foundation
import Testing
import TestSupport

@Suite
struct InjectionTests {
    /// Line ends, a zero byte, a dot that would end the content, text other than ASCII, and very long text.
    private static let payloads = [
        "\r\nRCPT TO:<eve@example.com>\r\n", "\nBcc: eve@example.com", "\rBcc: eve@example.com", "\0",
        "\r\n.\r\nQUIT\r\n",
        ">\r\nRCPT TO:<eve@example.com", "%0D%0ABcc:%20eve@example.com", "=?UTF-8?Q?=0D=0ABcc:_eve@example.com?=",
        "\u{2028}Bcc: eve@example.com", "é", "＠", "\u{202E}", String(repeating: "a", count: 1900),
    ]

    /// Each payload in each field of a request.
    private static let bodies: [[String: String]] = payloads.flatMap { payload in
        [
            ["email": payload], ["email": "ada@example.com\(payload)"], ["email": "\(payload)ada@example.com"],
            ["email": "ada\(payload)@example.com"], ["email": "\"ada\(payload)\"@example.com"],
            ["email": "ada@example.com", "callback_next": "/a\(payload)"],
            ["email": "ada@example.com", "callback_next": "/?a=\(payload)#b"],
            ["email": "ada@example.com", "callback_origin": "https://example.com\(payload)"],
        ]
    }

    private static let fields = [
        "Accept-Language: de;q=\u{FF}, fr\t\r\n",
        "Accept-Language: \(String(repeating: "fr-CA;q=0.1,", count: 300))\r\n",
        "Referer: https://example.com/?a=%0D%0ABcc:eve@example.com\r\n", "X-Request-Id: a%0D%0Ab\r\n",
    ]

    @Test("every accepted request leads to one message, with the usual commands and header fields only")
    func requests() async throws {
        let queue = try await Queue()
        let server = try await ScriptedSMTPServer()
        let worker = try await Worker(redis: queue.redis.address, mail: "smtp://localhost:\(server.port)")
        var accepted = 0
        for body in InjectionTests.bodies {
            let json = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
            let status = try queue.handler.signIn(json).status
            #expect(status == 200 || status == 400)
            if status == 200 { accepted += 1 }
        }
        for field in InjectionTests.fields {
            let status = try queue.handler.signIn(fields: "Origin: https://example.com\r\n\(field)").status
            #expect(status == 200 || status == 400)
            if status == 200 { accepted += 1 }
        }
        // Paths may contain many payloads, percent-encoded; and invalid header fields are ignored.
        #expect(accepted > InjectionTests.fields.count)
        try await queue.becomes([0, 0, 0])
        #expect(server.messages.count == accepted)
        let command =
            /EHLO example\.com|MAIL FROM:<sign-in@example\.com>( SIZE=\d+)?|RCPT TO:<[a-z0-9._%+'=?-]+@[a-z0-9.-]+>|DATA|QUIT/
        for line in server.commands { #expect(try command.wholeMatch(in: line) != nil, "\(line)") }
        for message in server.messages { expectUsual(message) }
        #expect(worker.process.isRunning)
    }

    private func expectUsual(_ message: ScriptedSMTPServer.Received) {
        let header = message.text.prefix(upTo: message.text.firstRange(of: "\r\n\r\n")!.lowerBound)
        let names = header.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.map {
            String($0.prefix { $0 != ":" })
        }
        #expect(
            names == [
                "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Language", "Auto-Submitted",
                "X-Auto-Response-Suppress", "X-Entity-Ref-ID", "Content-Type",
            ])
        #expect(message.recipients.count == 1)
        #expect(message.content.allSatisfy { $0 < 0x80 && $0 != 0 })
    }
}

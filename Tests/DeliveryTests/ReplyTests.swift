import Testing

@testable import Delivery

@Suite
struct ReplyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        let code: Int
        let status: String?
        var testDescription: String { line }

        init(_ line: String, _ code: Int, _ status: String? = nil) {
            (self.line, self.code, self.status) = (line, code, status)
        }
    }

    static let replies = [
        Case("250 OK", 250), Case("250", 250), Case("250 ", 250), Case("250-SIZE 1000", 250), Case("250\r\n", 250),
        Case("220 mx.example.com ESMTP", 220), Case("354 Go on\r\n", 354), Case("599 x", 599), Case("200-", 200),
        // RFC 3463 §2.
        Case("250 2.1.5 OK", 250, "2.1.5"), Case("550 5.1.1 No such user", 550, "5.1.1"),
        Case("550-5.1.1 No such user", 550, "5.1.1"), Case("550 5.1.1", 550, "5.1.1"),
        Case("550 5.1.1\r\n", 550, "5.1.1"), Case("421 4.3.2 Busy\r\n", 421, "4.3.2"),
        Case("450 4.7.650 Slow down", 450, "4.7.650"), Case("550 5.999.999 x", 550, "5.999.999"),
        Case("554 5.0.0 x", 554, "5.0.0"),
        // The class must match the reply code (RFC 2034 §4), and the other parts have one to three digits.
        Case("550 4.1.1 x", 550), Case("450 5.1.1 x", 450), Case("250 5.1.1 x", 250), Case("550 5.1 x", 550),
        Case("550 5.1.1.1 x", 550), Case("550 5..1 x", 550), Case("550 5.1. x", 550), Case("550 .1.1 x", 550),
        Case("550 5.1234.1 x", 550), Case("550 5.1.1234 x", 550), Case("550 5.123.1234567890 x", 550),
        Case("550 5.1.x", 550), Case("550 5.1.1x", 550), Case("550 5.1.1, x", 550), Case("550 5,1,1 x", 550),
        Case("550 5.+1.1 x", 550), Case("550 5.-1.1 x", 550), Case("550  5.1.1 x", 550),
        Case("550 55.1.1 x", 550), Case("550 x 5.1.1", 550), Case("550 #5.1.1 x", 550), Case("550 ５.1.1", 550),
        Case("550 \u{FFFD}\0\u{1B}", 550),
    ]

    @Test("a line has a code, and may have an enhanced status code", arguments: ReplyTests.replies)
    func read(expected: Case) throws {
        let reply = try #require(Reply(line: Array(expected.line.utf8)))
        #expect(reply.code == expected.code)
        #expect(reply.enhancedStatus == expected.status)
        #expect(reply == Reply(code: expected.code, enhancedStatus: expected.status))
    }

    @Test(
        "a line without a code of RFC 5321 §4.2 is not a reply",
        arguments: [
            "", "2", "25", "abc", " 250 OK", "-50 x", "+50 x", "25x OK", "2 0 OK", "150 x", "050 x", "650 x", "999 x",
            "２５０ OK", "HTTP/1.1 200 OK", "SSH-2.0-x", "\r\n", "\0\0\0", "2.0.0 OK", "2500 OK", "250OK", "250.OK",
        ])
    func junk(line: String) {
        #expect(Reply(line: Array(line.utf8)) == nil)
    }

    @Test("bytes that are not text are refused in the code, and ignored after it")
    func bytes() throws {
        #expect(Reply(line: [0xFF, 0xFE, 0xFD]) == nil)
        #expect(Reply(line: [0x32, 0x35, 0xB0]) == nil)
        let reply = try #require(Reply(line: Array("550 ".utf8) + [0xFF, 0x2E, 0x31, 0x2E, 0x31]))
        #expect(reply == Reply(code: 550))
    }

    @Test("a truncated line has the code and status that are complete", arguments: 0...13)
    func beginnings(length: Int) {
        let reply = Reply(line: Array("550 5.1.1 No\r\n".utf8.prefix(length)))
        let whole = Reply(code: 550, enhancedStatus: "5.1.1")
        #expect(reply == (length < 3 ? nil : length < 9 ? Reply(code: 550) : whole))
    }

    @Test("a reply prints as its code and status")
    func description() {
        #expect("\(Reply(code: 250))" == "250")
        #expect("\(Reply(code: 550, enhancedStatus: "5.1.1"))" == "550 5.1.1")
    }

    @Test("only 4yz codes are transient", arguments: [200, 250, 354, 421, 450, 499, 500, 550, 599])
    func transience(code: Int) {
        #expect(Reply(code: code).isTransient == (400..<500).contains(code))
    }
}

import NIOCore
import Testing

@testable import Redis

@Suite
struct RESPReaderTests {
    /// Replies in the form of the protocol's specification, and their values.
    private static let replies: [(String, RESPValue)] = [
        ("+OK\r\n", .status("OK")),
        ("-ERR unknown command\r\n", .error("ERR unknown command")),
        (":0\r\n", .integer(0)),
        (":-42\r\n", .integer(-42)),
        (":9007199254740992\r\n", .integer(1 << 53)),
        ("$5\r\nhello\r\n", .bulk(Array("hello".utf8))),
        ("$0\r\n\r\n", .bulk([])),
        ("$4\r\n\r\n\0x\r\n", .bulk([13, 10, 0, 120])),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("*0\r\n", .array([])),
        ("*3\r\n:1\r\n$1\r\na\r\n*1\r\n$-1\r\n", .array([.integer(1), .bulk([97]), .array([.null])])),
    ]

    @Test("a reply is parsed, whole or one byte at a time", arguments: replies)
    func oneReply(bytes: String, expected: RESPValue) throws {
        let whole = RESPReader()
        try feed(whole, Array(bytes.utf8))
        #expect(try whole.next() == expected)
        #expect(try whole.next() == nil)

        let bytewise = RESPReader()
        for (index, byte) in bytes.utf8.enumerated() {
            try feed(bytewise, [byte])
            if index < bytes.utf8.count - 1 {
                try #require(try bytewise.next() == nil)
            }
        }
        #expect(try bytewise.next() == expected)
    }

    @Test("a sequence of replies is parsed, wherever the bytes are split")
    func stream() throws {
        let bytes = RESPReaderTests.replies.flatMap { Array($0.0.utf8) }
        for cut in 0...bytes.count {
            let reader = RESPReader()
            var values: [RESPValue] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                try feed(reader, Array(part))
                while let value = try reader.next() { values.append(value) }
            }
            try #require(values == RESPReaderTests.replies.map(\.1))
        }
    }

    @Test(
        "bytes that are not RESP2 are refused",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", "$x\r\n", ":\r\n", "*2147483648\r\n", "%1\r\n+a\r\n+b\r\n", "_\r\n",
            // Numbers that no count or time has, and a length for which no reply has room.
            ":9007199254740993\r\n", ":9223372036854775807\r\n", ":-9223372036854775808\r\n",
            "*1\r\n:9223372036854775807\r\n",
            "*1048577\r\n", "*2147483647\r\n",
        ])
    func refused(bytes: String) throws {
        let reader = RESPReader()
        try feed(reader, Array(bytes.utf8))
        #expect(throws: RedisError.self) { try reader.next() }
    }

    @Test("a reply that exceeds the size limit is refused")
    func bound() throws {
        let reader = RESPReader(maximumByteCount: 100)
        try feed(reader, Array("$1000\r\n".utf8))
        try feed(reader, [UInt8](repeating: 120, count: 93))
        #expect(throws: RedisError.self) { try feed(reader, [120]) }
    }

    @Test("a command is written as an array of bulk strings")
    func command() {
        var command = RedisCommand("SET", "key")
        command.append([0, 13, 10])
        command.append(1_234_567_890)
        command.append(0)
        command.append("ü")
        var buffer = ByteBuffer()
        command.write(to: &buffer)
        #expect(
            String(buffer: buffer)
                == "*6\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3\r\n\0\r\n\r\n$10\r\n1234567890\r\n$1\r\n0\r\n$2\r\nü\r\n")
    }

    private func feed(_ reader: RESPReader, _ bytes: [UInt8]) throws {
        var outcome: Result<Void, RedisError> = .success(())
        bytes.withUnsafeBytes { bytes in
            outcome = Result { () throws(RedisError) in try reader.feed(bytes) }
        }
        try outcome.get()
    }
}

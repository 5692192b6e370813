import Bytes

/// A mail server's reply (RFC 5321 §4.2).
package struct Reply: Sendable, Equatable {
    /// The reply code: 2yz success, 3yz continue, 4yz transient failure, 5yz permanent failure. For an HTTP API, the
    /// status.
    package let code: Int
    /// The enhanced status code (RFC 3463), such as `5.1.1` for a mailbox that does not exist; `nil` if there is none.
    package let enhancedStatus: String?

    /// Creates a reply.
    package init(code: Int, enhancedStatus: String? = nil) {
        self.code = code
        self.enhancedStatus = enhancedStatus
    }

    /// Whether the same command may succeed later (RFC 5321 §4.2.1).
    var isTransient: Bool { code / 100 == 4 }

    /// Reads one line of a reply, such as `550 5.1.1 No such user` or `250-SIZE`. Returns `nil` for any other text.
    init?(line: some Collection<UInt8>) {
        guard [nil, 0x20, UInt8(ascii: "-"), 0x0D, 0x0A].contains(line.dropFirst(3).first) else { return nil }
        let digits = line.prefix(3)
        guard digits.count == 3, let first = digits.first, (UInt8(ascii: "2")...UInt8(ascii: "5")).contains(first),
            digits.allSatisfy(\.isASCIIDigit)
        else { return nil }
        code = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        enhancedStatus = Reply.enhancedStatus(at: line.dropFirst(4), class: first)
    }

    /// Reads `class.subject.detail` at the start of a text. The class must equal the reply code's first digit, and the
    /// other parts have one to three digits.
    private static func enhancedStatus(at text: some Collection<UInt8>, class first: UInt8) -> String? {
        let word = text.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
            .prefix(10)
        let parts = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual([first]),
            parts.allSatisfy({ part in
                (1...3).contains(part.count)
                    && part.allSatisfy(\.isASCIIDigit)
            })
        else { return nil }
        return String(decoding: word, as: UTF8.self)
    }
}

extension Reply: CustomStringConvertible {
    package var description: String { enhancedStatus.map { "\(code) \($0)" } ?? "\(code)" }
}

extension ScriptedSMTPServer {
    /// How a server behaves; one that says nothing else is well-behaved.
    package struct Behaviour: Sendable {
        /// How connections are encrypted. Default: not at all.
        package var tls: TLS
        /// Whether it speaks nothing newer than TLS 1.1. Default: no.
        package var isTLSOutdated = false
        /// Whom a client must authenticate as before MAIL; AUTH is offered once the connection is encrypted, or at once
        /// where there is no TLS. Default: `nil`, so that no AUTH is offered.
        package var account: (user: String, password: String)?
        /// The mechanisms that AUTH offers, of which PLAIN and LOGIN are understood.
        package var mechanisms = ["PLAIN", "LOGIN"]
        /// The extensions that EHLO offers, besides STARTTLS and AUTH. A size in bytes after SIZE is enforced (RFC
        /// 1870).
        package var extensions = ["PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES"]
        /// The pause between the bytes of ``Action/trickle(_:then:)``. Default: 1 s.
        package var trickleInterval = Duration.seconds(1)
        /// What to do at a point of the dialogue; `nil` for what is normal there. It is asked before any rule of the
        /// dialogue is, on an event loop, and must not block.
        package var script: @Sendable (Point) -> Action?

        package init(
            tls: TLS = .none, account: (user: String, password: String)? = nil,
            script: @escaping @Sendable (Point) -> Action? = { _ in nil }
        ) {
            self.tls = tls
            self.account = account
            self.script = script
        }

        /// Does one thing at one moment, whenever it comes, and is otherwise well-behaved.
        package init(
            at moment: Moment, _ action: Action, tls: TLS = .none, account: (user: String, password: String)? = nil
        ) {
            self.init(tls: tls, account: account) { $0.moment == moment ? action : nil }
        }
    }

    /// How connections are encrypted.
    package enum TLS: Sendable {
        case none
        /// After STARTTLS, which is offered but not demanded (RFC 3207).
        case startTLS(ServerCertificate)
        /// From the first byte (RFC 8314 §3.3).
        case implicit(ServerCertificate)
    }

    /// A moment of the dialogue.
    package enum Moment: Sendable, Hashable, CaseIterable {
        /// A client has connected; the greeting is due.
        case connect
        /// EHLO or HELO.
        case hello
        /// STARTTLS.
        case startTLS
        /// AUTH; a scripted 334 has the client's next line taken as its response.
        case authenticate
        /// The last line of the client's credentials, which may be that of AUTH itself; the verdict is due.
        case credentials
        /// MAIL.
        case mail
        /// RCPT.
        case recipient
        /// DATA.
        case data
        /// The first line of a content; nothing is due.
        case contentStart
        /// The dot that ends a content.
        case content
        /// RSET.
        case reset
        /// QUIT.
        case quit
        /// Any other command, known or not.
        case other
    }

    /// Where in its dialogues a server is. Numbers start at 1.
    package struct Point: Sendable {
        package let moment: Moment
        /// The line that brought it here, without its CRLF; empty at ``Moment/connect``.
        package let line: String
        /// The number of the connection.
        package let connection: Int
        /// The number of the latest MAIL command of this connection, among all that the server has had; 0 before it.
        package let message: Int
        /// The number of the latest MAIL command, among those of this connection; 0 before it.
        package let messageOfConnection: Int
        /// The number of the latest RCPT command, among those since the latest MAIL command; 0 before it.
        package let recipient: Int
        /// Whether the connection is encrypted.
        package let isEncrypted: Bool
    }

    /// What a server does.
    ///
    /// The dialogue follows the code of what is sent, scripted or not: a 2xx to RCPT has the recipient accepted, any
    /// 3xx to DATA has the content follow, and so on. Texts are sent with CRLF at the end of each line, whether written
    /// so or not.
    package enum Action: Sendable {
        /// Sends a reply of one or several lines.
        case reply(String, then: Sequel = .carryOn)
        /// Sends exactly these bytes, whole reply or not.
        case bytes([UInt8], then: Sequel = .carryOn)
        /// Sends a reply after a time; lines that come meanwhile wait.
        case delayedReply(String, by: Duration, then: Sequel = .carryOn)
        /// Sends a reply, one byte at a time.
        case trickle(String, then: Sequel = .carryOn)
        /// Sends lines again and again, as fast as the client reads, until it closes.
        case flood(String)
        /// Sends `220` and a text in plain in one write, and goes over to TLS. With no certificate, or encrypted
        /// already, it is a reply of 454.
        case startTLS(injecting: String)

        /// Closes the connection without a word.
        package static let close = Action.bytes([], then: .close)
        /// Resets the connection without a word.
        package static let reset = Action.bytes([], then: .reset)
        /// Never says anything again.
        package static let silence = Action.bytes([], then: .silence)
        /// Never says anything again, nor reads.
        package static let stall = Action.bytes([], then: .stall)
        /// Nothing; waits for the next line.
        package static let nothing = Action.bytes([])

        /// Sends a reply and closes the connection.
        package static func replyThenClose(_ text: String) -> Action { .reply(text, then: .close) }

        /// The code of what is sent; 0 where that starts with none.
        var code: Int {
            let start =
                switch self {
                case .reply(let text, _), .delayedReply(let text, _, _), .trickle(let text, _):
                    Array(text.utf8.prefix(3))
                case .bytes(let bytes, _): Array(bytes.prefix(3))
                case .flood, .startTLS: [UInt8]()
                }
            return Int(String(decoding: start, as: UTF8.self)) ?? 0
        }

        /// Whether a 2xx is sent.
        var isPositive: Bool { code / 100 == 2 }
    }

    /// What a server does after it has sent something.
    package enum Sequel: Sendable {
        /// Waits for the next line.
        case carryOn
        /// Closes the connection in order. Where more of the client's bytes are on their way, the system may turn that
        /// into a reset, and the client may not see the last reply.
        case close
        /// Ends the connection by a TCP reset, without the end of TLS.
        case reset
        /// Reads and forgets what comes, and never answers.
        case silence
        /// Neither reads nor answers.
        case stall
    }

    /// A message whose end has come.
    package struct Received: Sendable {
        /// The address of MAIL, without its angle brackets; empty for the null sender.
        public internal(set) var sender: String
        /// What followed the address of MAIL, such as `SIZE=123`.
        public internal(set) var parameters: [String]
        /// The addresses of those RCPT that were accepted, without their angle brackets.
        public internal(set) var recipients: [String] = []
        /// The content, with all its CRLF and without the dots that were put in for transport (RFC 5321 §4.5.2).
        public internal(set) var content: [UInt8] = []
        /// The lines that came on this connection before the content, outside of any content.
        public internal(set) var commands: [String] = []
        /// Whether the answer to its end was a 2xx.
        public internal(set) var isAccepted = false
        /// Whether it came encrypted.
        package let isEncrypted: Bool
        /// Whom the client has authenticated as.
        package let user: String?
        /// The number of the connection it came on, from 1.
        package let connection: Int

        /// The content as text.
        package var text: String { String(decoding: content, as: UTF8.self) }
    }
}

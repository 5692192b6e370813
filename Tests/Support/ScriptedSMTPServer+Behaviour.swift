extension ScriptedSMTPServer {
    /// The behaviour of a server. By default it follows the rules.
    package struct Behaviour: Sendable {
        /// The encryption of connections. Default: none.
        package var tls: TLS
        /// Whether the server supports only TLS 1.1 and older. Default: `false`.
        package var isTLSOutdated = false
        /// The credentials that are required before MAIL. With STARTTLS, AUTH is offered only after encryption.
        /// Default: `nil`, so that AUTH is not offered.
        package var account: (user: String, password: String)?
        /// The mechanisms that AUTH offers. Only PLAIN and LOGIN are supported.
        package var mechanisms = ["PLAIN", "LOGIN"]
        /// The extensions that EHLO offers, in addition to STARTTLS and AUTH. A size after SIZE, in bytes, is enforced
        /// (RFC 1870).
        package var extensions = ["PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES"]
        /// The pause between the bytes of ``Action/trickle(_:then:)``. Default: 1 s.
        package var trickleInterval = Duration.seconds(1)
        /// Returns the action at a point of the dialogue, or `nil` for the normal one. It is called before any rule of
        /// the dialogue is applied, on an event loop, and must not block.
        package var script: @Sendable (Point) -> Action?

        package init(
            tls: TLS = .none, account: (user: String, password: String)? = nil,
            script: @escaping @Sendable (Point) -> Action? = { _ in nil }
        ) {
            self.tls = tls
            self.account = account
            self.script = script
        }

        /// Performs an action each time that a moment comes, and otherwise follows the rules.
        package init(
            at moment: Moment, _ action: Action, tls: TLS = .none, account: (user: String, password: String)? = nil
        ) {
            self.init(tls: tls, account: account) { $0.moment == moment ? action : nil }
        }
    }

    /// The encryption of connections.
    package enum TLS: Sendable {
        case none
        /// After STARTTLS, which is offered but not required (RFC 3207).
        case startTLS(ServerCertificate)
        /// From the first byte (RFC 8314 §3.3).
        case implicit(ServerCertificate)
    }

    /// A moment of the dialogue.
    package enum Moment: Sendable, Hashable, CaseIterable {
        /// A client has connected, and the greeting is sent.
        case connect
        /// EHLO or HELO.
        case hello
        /// STARTTLS.
        case startTLS
        /// AUTH. After a scripted 334, the client's next line is its response.
        case authenticate
        /// The last line of the client's credentials, which may be that of AUTH itself.
        case credentials
        /// MAIL.
        case mail
        /// RCPT.
        case recipient
        /// DATA.
        case data
        /// The first line of a message's content, to which no reply is sent.
        case contentStart
        /// The dot that ends a message's content.
        case content
        /// RSET.
        case reset
        /// QUIT.
        case quit
        /// Any other command, known or not.
        case other
    }

    /// A point in a dialogue. Numbers start at 1.
    package struct Point: Sendable {
        package let moment: Moment
        /// The client's last line, without its CRLF; empty at ``Moment/connect``.
        package let line: String
        /// The number of the connection.
        package let connection: Int
        /// The number of this connection's latest MAIL command among all of the server; 0 before the first.
        package let message: Int
        /// The number of the latest MAIL command among those of this connection; 0 before the first.
        package let messageOfConnection: Int
        /// The number of the latest RCPT command since the latest MAIL command; 0 before the first.
        package let recipient: Int
        /// Whether the connection is encrypted.
        package let isEncrypted: Bool
    }

    /// An action of a server.
    ///
    /// The dialogue follows the code of the reply, scripted or not: after a 2xx to RCPT the recipient is accepted,
    /// after a 3xx to DATA content is expected, and so on. Every line of a text is sent with CRLF, even if written with
    /// LF.
    package enum Action: Sendable {
        /// Sends a reply of one or several lines.
        case reply(String, then: AfterReply = .proceed)
        /// Sends exactly these bytes, even if they are not a complete reply.
        case bytes([UInt8], then: AfterReply = .proceed)
        /// Sends a reply after a delay. Lines that arrive meanwhile wait.
        case delayedReply(String, by: Duration, then: AfterReply = .proceed)
        /// Sends a reply, one byte at a time.
        case trickle(String, then: AfterReply = .proceed)
        /// Sends lines repeatedly, as fast as the client reads, until it closes the connection.
        case flood(String)
        /// Sends `220` and a plaintext in one write, then switches to TLS. If the server has no certificate, or the
        /// connection is already encrypted, replies 454 instead.
        case startTLS(injecting: String)

        /// Closes the connection without a reply.
        package static let close = Action.bytes([], then: .close)
        /// Resets the connection without a reply.
        package static let reset = Action.bytes([], then: .reset)
        /// Never replies again.
        package static let silence = Action.bytes([], then: .silence)
        /// Never replies or reads again.
        package static let stall = Action.bytes([], then: .stall)
        /// Sends nothing, and waits for the next line.
        package static let nothing = Action.bytes([])

        /// Sends a reply and closes the connection.
        package static func replyThenClose(_ text: String) -> Action { .reply(text, then: .close) }

        /// The code of the reply; 0 if it does not start with a code.
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

        /// Whether the reply is a 2xx.
        var isPositive: Bool { code / 100 == 2 }
    }

    /// The behaviour of a server after it has sent a reply.
    package enum AfterReply: Sendable {
        /// Waits for the next line.
        case proceed
        /// Closes the connection normally. If more bytes of the client arrive, the system may send a reset, and the
        /// client may lose the last reply.
        case close
        /// Ends the connection by a TCP reset, without closing TLS.
        case reset
        /// Reads and discards all input, and never replies.
        case silence
        /// Neither reads nor replies.
        case stall
    }

    /// A message that was received completely.
    package struct Received: Sendable {
        /// The address of MAIL, without its angle brackets; empty for the null sender.
        public internal(set) var sender: String
        /// The parameters of MAIL, such as `SIZE=123`.
        public internal(set) var parameters: [String]
        /// The addresses of accepted RCPT commands, without their angle brackets.
        public internal(set) var recipients: [String] = []
        /// The content, with CRLF at the ends of lines, and without the dots that were added for transport (RFC 5321
        /// §4.5.2).
        public internal(set) var content: [UInt8] = []
        /// The lines of this connection before the content, except the content of earlier messages.
        public internal(set) var commands: [String] = []
        /// Whether the reply to its end was a 2xx.
        public internal(set) var isAccepted = false
        /// Whether the connection was encrypted.
        package let isEncrypted: Bool
        /// The authenticated user; `nil` if the client did not authenticate.
        package let user: String?
        /// The number of its connection, from 1.
        package let connection: Int

        /// The content as text.
        package var text: String { String(decoding: content, as: UTF8.self) }
    }
}

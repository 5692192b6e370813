/// How far a message got: what was sent last, and what was replied to it. It is told each line that goes either way.
struct SMTPDialogue: Sendable {
    /// The steps of a message, in their order (RFC 5321 §4.1.4).
    enum Step: Sendable, Comparable {
        /// Nothing was said yet: the connection and the server's greeting.
        case connection
        case hello
        case startTLS
        case authentication
        case sender
        case recipient
        case data
        /// The content, and the dot that ends it.
        case content
    }

    private(set) var step = Step.connection
    /// The reply to this step; `nil` while there is none.
    private(set) var reply: Reply?
    /// Whether a final dot may have been sent.
    var isContentComplete: Bool { step == .content }
    /// Whether AUTH was sent.
    private(set) var hasBegunAuthentication = false
    /// Whether the goodbye was said: what is replied to that says nothing of the message.
    private var isOver = false

    /// A command was sent, with or without its line end.
    /// - Returns: the command as it may be shown: without credentials.
    @discardableResult
    mutating func sent(_ line: some Collection<UInt8>) -> String {
        let verb = String(decoding: line.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        switch verb.uppercased() {
        case "EHLO", "HELO": begin(.hello)
        case "STARTTLS": begin(.startTLS)
        case "AUTH":
            begin(.authentication)
            hasBegunAuthentication = true
            if line.split(separator: UInt8(ascii: " ")).count > 2 { return "AUTH (hidden)" }
        case "MAIL": begin(.sender)
        case "RCPT": begin(.recipient)
        case "DATA": begin(.data)
        case "QUIT": isOver = true
        // What is no command is the next part of the credentials.
        default: return "(hidden)"
        }
        return text(of: line)
    }

    private mutating func begin(_ step: Step) {
        (self.step, reply) = (step, nil)
        isOver = false  // That goodbye was to another connection.
    }

    /// The last of the content was handed over: the dot follows.
    mutating func sentContent() {
        begin(.content)
    }

    /// A line of a reply came. The last one counts, which has no hyphen behind its code.
    mutating func received(_ line: some Collection<UInt8>) {
        if !isOver, line.dropFirst(3).first != UInt8(ascii: "-"), let reply = Reply(line: line) { self.reply = reply }
    }

    private func text(of line: some Collection<UInt8>) -> String {
        String(decoding: line.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

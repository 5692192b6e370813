/// The progress of an SMTP dialogue: the last step, and the reply to it. It is updated with each line in either
/// direction.
struct SMTPDialogue: Sendable {
    /// The steps of a dialogue, in order (RFC 5321 §4.1.4).
    enum Step: Sendable, Comparable {
        /// No command was sent yet: the connection and the server's greeting.
        case connection
        case hello
        case startTLS
        case authentication
        case sender
        case recipient
        case data
        /// The content and the final dot.
        case content
    }

    /// The current step.
    private(set) var step = Step.connection
    /// The replies to RCPT, in the order of the recipients.
    private(set) var recipientReplies: [Refusable] = []
    /// The reply to this step, or `nil` before it arrives.
    private(set) var reply: Reply?
    /// The words of the reply to this step, of all its lines, if it is a refusal.
    private(set) var words = ""
    /// The mechanisms that the server offered after the latest EHLO; `nil` before the first.
    private(set) var offer: AuthenticationOffer?
    /// The mechanism of the latest AUTH, in upper case, or `nil` if none was sent.
    private(set) var mechanism: String?
    /// Whether the server accepted the credentials on this connection.
    private(set) var isAuthenticated = false
    /// Whether QUIT was sent. The reply to QUIT is not about the message.
    private var hasQuit = false

    private static let maximumWordsByteCount = 1000

    /// A reply, with its words if it is a refusal.
    struct Refusable: Sendable, Equatable {
        let reply: Reply
        let words: String
    }

    /// Whether a final dot may have been sent.
    var isContentComplete: Bool { step == .content }

    /// Records that a line was sent, with or without its line end.
    /// - Returns: the line without credentials, to show to a person.
    @discardableResult
    mutating func sent(_ line: some Collection<UInt8>) -> String {
        let verb = String(decoding: line.prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        switch verb.uppercased() {
        case "EHLO", "HELO":
            begin(.hello)
            offer = AuthenticationOffer()
        case "STARTTLS": begin(.startTLS)
        case "AUTH":
            begin(.authentication)
            let parts = text(of: line).split(separator: " ")
            mechanism = parts.dropFirst().first?.uppercased()
            if parts.count > 2 { return "AUTH (hidden)" }
        case "MAIL":
            begin(.sender)
            recipientReplies = []
        case "RCPT": begin(.recipient)
        case "DATA": begin(.data)
        case "QUIT": hasQuit = true
        // A line that is not a command continues the credentials.
        default: return "(hidden)"
        }
        return text(of: line)
    }

    private mutating func begin(_ step: Step) {
        (self.step, reply, words) = (step, nil, "")
        hasQuit = false  // The QUIT was on another connection.
    }

    /// Records that all content was handed to libcurl, which then sends the final dot.
    mutating func sentContent() {
        begin(.content)
    }

    /// Records that a line of a reply was received. The code of the last line counts, which has no hyphen after it.
    mutating func received(_ line: some Collection<UInt8>) {
        guard !hasQuit, let reply = Reply(line: line) else { return }
        if step == .hello, reply.code == 250 { offer?.read(line.dropFirst(4)) }
        if reply.code >= 400 { addWords(line.dropFirst(4)) }
        guard line.dropFirst(3).first != UInt8(ascii: "-") else { return }
        if step == .recipient, self.reply == nil {
            recipientReplies.append(Refusable(reply: reply, words: words))
        }
        if step == .authentication, reply.code == 235 { isAuthenticated = true }
        self.reply = reply
    }

    private mutating func addWords(_ line: some Collection<UInt8>) {
        let left = SMTPDialogue.maximumWordsByteCount - words.utf8.count
        guard left > 0 else { return }
        if !words.isEmpty { words += " " }
        words += text(of: line.prefix(left))
    }

    private func text(of line: some Collection<UInt8>) -> String {
        String(decoding: line.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}

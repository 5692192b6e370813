/// The server's side of one SMTP connection (RFC 5321), without I/O: lines in, actions out.
///
/// At each moment the test's script is called first. The code of the reply, scripted or not, decides how the dialogue
/// continues.
struct SMTPServerDialogue {
    typealias Action = ScriptedSMTPServer.Action
    typealias Behaviour = ScriptedSMTPServer.Behaviour
    typealias Moment = ScriptedSMTPServer.Moment
    typealias Received = ScriptedSMTPServer.Received

    private enum Phase {
        case commands
        /// The next line is the response to a challenge of AUTH.
        case challenge(SMTPChallenge)
        /// Lines are content until a line with only a dot; `isAtStart` is `true` until the first has arrived.
        case content(isAtStart: Bool)
    }

    private let behaviour: Behaviour
    private let connection: Int
    private let ledger: Mutexed<ScriptedSMTPServer.Ledger>

    private var phase = Phase.commands
    private var isEncrypted: Bool
    /// Whether the greeting accepted the client. If not, all commands except QUIT are refused (RFC 5321 §3.1).
    private var isServing = true
    private var hasSaidHello = false
    private var user: String?
    private var commands: [String] = []
    /// The message that is being received, since its MAIL command.
    private var transaction: Received?
    private var message = 0
    private var messageOfConnection = 0
    private var recipient = 0

    init(_ behaviour: Behaviour, connection: Int, ledger: Mutexed<ScriptedSMTPServer.Ledger>) {
        self.behaviour = behaviour
        self.connection = connection
        self.ledger = ledger
        if case .implicit = behaviour.tls { isEncrypted = true } else { isEncrypted = false }
    }

    /// Returns the action for a new connection.
    mutating func connect() -> Action {
        let action = act(.connect, "", or: .reply("220 mx.test ESMTP"))
        isServing = ![4, 5].contains(action.code / 100)
        return action
    }

    /// Returns the action for a line without its CRLF; `nil` if there is none.
    mutating func take(_ line: [UInt8]) -> Action? {
        if case .content(let isAtStart) = phase { return takeContent(line, isAtStart) }
        let text = String(decoding: line, as: UTF8.self)
        commands.append(text)
        ledger.update { $0.commands.append(text) }
        if case .challenge(let challenge) = phase {
            phase = .commands
            return takeResponse(text, to: challenge)
        }
        let end = line.firstIndex(of: 0x20) ?? line.endIndex
        let verb = String(decoding: line[..<end], as: UTF8.self).uppercased()
        return takeCommand(verb, line[end...].dropFirst(), text)
    }

    private mutating func takeCommand(_ verb: String, _ argument: ArraySlice<UInt8>, _ line: String) -> Action {
        switch verb {
        case "QUIT": return act(.quit, line, or: .reply("221 2.0.0 Bye", then: .close))
        case _ where !isServing: return .reply("503 5.5.1 No service here, only QUIT")
        case "EHLO", "HELO": return hello(verb, argument, line)
        case "STARTTLS": return act(.startTLS, line, or: startTLSAction(argument))
        case "AUTH": return authenticate(argument, line)
        case "MAIL": return mail(argument, line)
        case "RCPT": return addRecipient(argument, line)
        case "DATA": return startContent(argument, line)
        case "RSET":
            let action = act(.reset, line, or: .reply("250 2.0.0 OK"))
            if action.isPositive { transaction = nil }
            return action
        case "NOOP": return act(.other, line, or: .reply("250 2.0.0 OK"))
        case "VRFY": return act(.other, line, or: .reply("252 2.0.0 Send some mail, and see"))
        case "HELP": return act(.other, line, or: .reply("214 2.0.0 RFC 5321"))
        case "EXPN": return act(.other, line, or: .reply("502 5.5.1 Not offered here"))
        default: return act(.other, line, or: .reply("500 5.5.1 Unknown command"))
        }
    }

    /// Returns the script's action, or else the normal one.
    private mutating func act(_ moment: Moment, _ line: String, or normal: Action) -> Action {
        applied(scripted(moment, line) ?? normal)
    }

    /// Applies an action that starts TLS to the state, and returns it. If TLS is not possible, returns a refusal
    /// instead.
    private mutating func applied(_ action: Action) -> Action {
        guard case .startTLS = action else { return action }
        if case .none = behaviour.tls { return .reply("454 4.7.0 TLS is not available") }
        if isEncrypted { return .reply("454 4.7.0 TLS is on already") }
        // The client must start again, and everything it sent in plaintext is forgotten (RFC 3207 §4.2).
        isEncrypted = true
        hasSaidHello = false
        user = nil
        transaction = nil
        return action
    }

    private func scripted(_ moment: Moment, _ line: String) -> Action? {
        behaviour.script(
            ScriptedSMTPServer.Point(
                moment: moment, line: line, connection: connection, message: message,
                messageOfConnection: messageOfConnection, recipient: recipient, isEncrypted: isEncrypted))
    }

    // MARK: - The session

    private mutating func hello(_ verb: String, _ argument: ArraySlice<UInt8>, _ line: String) -> Action {
        let action = act(.hello, line, or: helloReply(verb, argument))
        if action.isPositive {
            hasSaidHello = true
            transaction = nil
        }
        return action
    }

    private func helloReply(_ verb: String, _ argument: ArraySlice<UInt8>) -> Action {
        guard !argument.isEmpty else { return .reply("501 5.5.4 \(verb) needs a host name") }
        guard verb == "EHLO" else { return .reply("250 mx.test") }
        var lines = ["mx.test"] + behaviour.extensions
        if case .startTLS = behaviour.tls, !isEncrypted { lines.append("STARTTLS") }
        if behaviour.account != nil, mayAuthenticate {
            lines.append("AUTH \(behaviour.mechanisms.joined(separator: " "))")
        }
        let last = lines.removeLast()
        return .reply(lines.map { "250-\($0)\n" }.joined() + "250 \(last)")
    }

    private func startTLSAction(_ argument: ArraySlice<UInt8>) -> Action {
        guard argument.isEmpty else { return .reply("501 5.5.4 STARTTLS takes no argument") }
        guard case .startTLS = behaviour.tls else { return .reply("502 5.5.1 Not offered here") }
        guard !isEncrypted else { return .reply("503 5.5.1 Encrypted already") }
        return .startTLS(injecting: "")
    }

    // MARK: - Authentication (RFC 4954)

    /// Whether the connection's encryption allows credentials.
    private var mayAuthenticate: Bool {
        if case .startTLS = behaviour.tls { return isEncrypted }
        return true
    }

    private mutating func authenticate(_ argument: ArraySlice<UInt8>, _ line: String) -> Action {
        let words = argument.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        let mechanism = words.first?.uppercased() ?? ""
        let challenge: SMTPChallenge = mechanism == "LOGIN" ? .user : .plain
        let normal = authenticateReply(mechanism, challenge)
        let scripted = scripted(.authenticate, line)
        if scripted == nil, normal.code == 334, words.count > 1 {
            // An empty initial response is written as a lone "=" (RFC 4954 §4).
            return takeResponse(words[1] == "=" ? "" : words[1], to: challenge)
        }
        let action = applied(scripted ?? normal)
        if action.code == 334 { phase = .challenge(challenge) }
        // The script accepted the client without credentials, so the user has no name.
        if action.isPositive { user = "" }
        return action
    }

    private func authenticateReply(_ mechanism: String, _ challenge: SMTPChallenge) -> Action {
        guard behaviour.account != nil else { return .reply("502 5.5.1 Not offered here") }
        guard hasSaidHello else { return .reply("503 5.5.1 Say EHLO first") }
        guard mayAuthenticate else { return .reply("538 5.7.11 Encryption is required") }
        guard user == nil, transaction == nil else { return .reply("503 5.5.1 Not now") }
        guard behaviour.mechanisms.contains(mechanism), ["PLAIN", "LOGIN"].contains(mechanism) else {
            return .reply("504 5.5.4 Unknown mechanism")
        }
        return .reply("334 \(challenge.prompt)")
    }

    private mutating func takeResponse(_ text: String, to challenge: SMTPChallenge) -> Action {
        if text == "*" { return .reply("501 5.7.0 Cancelled") }
        switch challenge.outcome(of: text) {
        case .none:
            return act(.credentials, text, or: .reply("501 5.5.2 Not a response"))
        case .challenge(let next):
            phase = .challenge(next)
            return .reply("334 \(next.prompt)")
        case .credentials(let user, let password):
            let isRight = behaviour.account.map { $0 == (user, password) } ?? false
            let action = act(
                .credentials, text,
                or: .reply(isRight ? "235 2.7.0 Welcome" : "535 5.7.8 Wrong user or password"))
            if action.isPositive { self.user = user }
            return action
        }
    }

    // MARK: - Messages

    private mutating func mail(_ argument: ArraySlice<UInt8>, _ line: String) -> Action {
        let path = SMTPPath(argument, after: "FROM:")
        message = ledger.update { ledger in
            ledger.mailCount += 1
            return ledger.mailCount
        }
        messageOfConnection += 1
        recipient = 0
        let action = act(.mail, line, or: mailReply(path))
        if action.isPositive {
            transaction = Received(
                sender: path?.address ?? "", parameters: path?.parameters ?? [], isEncrypted: isEncrypted, user: user,
                connection: connection)
        }
        return action
    }

    private func mailReply(_ path: SMTPPath?) -> Action {
        guard hasSaidHello else { return .reply("503 5.5.1 Say EHLO first") }
        guard behaviour.account == nil || user != nil else { return .reply("530 5.7.0 Authentication required") }
        guard transaction == nil else { return .reply("503 5.5.1 A message is under way") }
        guard let path else { return .reply("501 5.5.4 Write it as MAIL FROM:<address>") }
        let size = path.parameters.first { $0.uppercased().hasPrefix("SIZE=") }.flatMap { Int($0.dropFirst(5)) }
        guard (size ?? 0) <= maximumSize else { return .reply("552 5.3.4 Too large") }
        return .reply("250 2.1.0 OK")
    }

    /// The maximum size of a message's content, in bytes; SIZE 0 sets no limit (RFC 1870 §3).
    private var maximumSize: Int {
        let size = behaviour.extensions.first { $0.hasPrefix("SIZE ") }.flatMap { Int($0.dropFirst(5)) } ?? 0
        return size > 0 ? size : .max
    }

    private mutating func addRecipient(_ argument: ArraySlice<UInt8>, _ line: String) -> Action {
        let path = SMTPPath(argument, after: "TO:")
        recipient += 1
        let action = act(.recipient, line, or: recipientReply(path))
        if action.isPositive, let path { transaction?.recipients.append(path.address) }
        return action
    }

    private func recipientReply(_ path: SMTPPath?) -> Action {
        guard transaction != nil else { return .reply("503 5.5.1 Send MAIL first") }
        guard let path, !path.address.isEmpty else { return .reply("501 5.1.3 Write it as RCPT TO:<address>") }
        return .reply("250 2.1.5 OK")
    }

    private mutating func startContent(_ argument: ArraySlice<UInt8>, _ line: String) -> Action {
        let action = act(.data, line, or: dataReply(argument))
        if action.code / 100 == 3 { phase = .content(isAtStart: true) }
        return action
    }

    private func dataReply(_ argument: ArraySlice<UInt8>) -> Action {
        guard argument.isEmpty else { return .reply("501 5.5.4 DATA takes no argument") }
        guard let transaction else { return .reply("503 5.5.1 Send MAIL first") }
        guard !transaction.recipients.isEmpty else { return .reply("554 5.5.1 No valid recipients") }
        return .reply("354 End with a dot on a line of its own")
    }

    private mutating func takeContent(_ line: [UInt8], _ isAtStart: Bool) -> Action? {
        if line == [0x2E] { return endContent() }
        let text = line.first == 0x2E ? line.dropFirst() : line[...]
        transaction?.content += text
        transaction?.content += [0x0D, 0x0A]
        guard isAtStart else { return nil }
        phase = .content(isAtStart: false)
        return scripted(.contentStart, String(decoding: line, as: UTF8.self)).map { applied($0) }
    }

    private mutating func endContent() -> Action {
        let isTooLarge = (transaction?.content.count ?? 0) > maximumSize
        let normal = isTooLarge ? "552 5.3.4 Too large" : "250 2.0.0 Accepted as \(message)"
        phase = .commands
        let action = act(.content, ".", or: .reply(normal))
        if var received = transaction {
            received.commands = commands
            received.isAccepted = action.isPositive
            ledger.update { [received] in $0.messages.append(received) }
        }
        transaction = nil
        return action
    }
}

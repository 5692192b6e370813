import Testing

@testable import Delivery

@Suite
struct SMTPDialogueTests {
    private func dialogue(_ lines: String...) -> SMTPDialogue {
        var dialogue = SMTPDialogue()
        for line in lines {
            switch line.prefix(2) {
            case "> ": dialogue.sent(Array(line.dropFirst(2).utf8))
            case "< ": dialogue.received(Array(line.dropFirst(2).utf8))
            default: dialogue.sentContent()
            }
        }
        return dialogue
    }

    @Test("a dialogue starts at the connection, without a reply")
    func start() {
        let dialogue = dialogue()
        #expect(dialogue.step == .connection)
        #expect(dialogue.reply == nil)
        #expect(!dialogue.isContentComplete)
    }

    static let commands: [(String, SMTPDialogue.Step)] = [
        ("EHLO example.com", .hello), ("HELO example.com", .hello), ("STARTTLS", .startTLS),
        ("AUTH PLAIN", .authentication), ("AUTH LOGIN", .authentication), ("MAIL FROM:<a@b.c> SIZE=3", .sender),
        ("RCPT TO:<a@b.c>", .recipient), ("DATA", .data), ("data", .data), ("Rcpt To:<a@b.c>", .recipient),
    ]

    @Test("each command starts its step, with or without a line end", arguments: SMTPDialogueTests.commands)
    func step(command: String, step: SMTPDialogue.Step) {
        for end in ["", "\r\n"] {
            var dialogue = dialogue("< 220 mx")
            let shown = dialogue.sent(Array((command + end).utf8))
            #expect(shown == command)
            #expect(dialogue.step == step)
            #expect(dialogue.reply == nil)
        }
    }

    @Test("a reply belongs to the current step, and the next step starts without one")
    func replies() {
        let greeted = dialogue("< 220 mx ESMTP")
        #expect(greeted.step == .connection)
        #expect(greeted.reply == Reply(code: 220))
        let replied = dialogue("< 220 mx", "> EHLO a", "< 250-mx", "< 250-SIZE", "< 250 2.0.0 OK")
        #expect(replied.step == .hello)
        #expect(replied.reply == Reply(code: 250, enhancedStatus: "2.0.0"))
        let sent = dialogue("> EHLO a", "< 250 mx", "> MAIL FROM:<a@b.c>")
        #expect(sent.step == .sender)
        #expect(sent.reply == nil)
    }

    @Test("a line that is not a reply changes nothing", arguments: ["", "hello", "25", "2x0 OK", "999 x", "\r\n"])
    func junk(line: String) {
        #expect(dialogue("> DATA", "< 354 go", "< \(line)").reply == Reply(code: 354))
        #expect(dialogue("> DATA", "< \(line)").reply == nil)
    }

    @Test("a reply of several lines is complete with its last line")
    func continued() {
        #expect(dialogue("> RCPT TO:<a@b.c>", "< 550-5.1.1 The").reply == nil)
        #expect(
            dialogue("> RCPT TO:<a@b.c>", "< 550-5.1.1 The", "< 550 5.1.1 user").reply
                == Reply(code: 550, enhancedStatus: "5.1.1"))
    }

    @Test("once all content was sent, the dialogue waits for the final reply")
    func content() {
        let sent = dialogue("> DATA", "< 354 go", "(content)")
        #expect(sent.step == .content)
        #expect(sent.reply == nil)
        #expect(sent.isContentComplete)
        let refused = dialogue("> DATA", "< 354 go", "(content)", "< 552 5.3.4 Too large")
        #expect(refused.step == .content)
        #expect(refused.reply == Reply(code: 552, enhancedStatus: "5.3.4"))
    }

    @Test(
        "QUIT and any reply to it change neither the step nor its reply",
        arguments: ["< 221 2.0.0 Bye", "< 250 OK", "< 421 4.4.2 Too late", "< 550 5.1.0 What?", "< junk"])
    func quit(answer: String) {
        let refused = dialogue("> RCPT TO:<a@b.c>", "< 550 5.1.1 No such user", "> QUIT\r\n", answer)
        #expect(refused.step == .recipient)
        #expect(refused.reply == Reply(code: 550, enhancedStatus: "5.1.1"))
        let turnedAway = dialogue("< 421 4.3.2 Busy", "> QUIT", answer)
        #expect(turnedAway.step == .connection)
        #expect(turnedAway.reply == Reply(code: 421, enhancedStatus: "4.3.2"))
        let unanswered = dialogue("(content)", "> QUIT", answer)
        #expect(unanswered.step == .content)
        #expect(unanswered.reply == nil)
    }

    @Test("QUIT is shown")
    func shownQuit() {
        var dialogue = SMTPDialogue()
        #expect(dialogue.sent(Array("QUIT\r\n".utf8)) == "QUIT")
    }

    static let credentials = [
        "AUTH PLAIN AGFkYQBzM2NyZXQ=", "AUTH LOGIN YWRh", "auth plain AGFkYQBzM2NyZXQ=", "AUTH XOAUTH2 dXNlcj1hZGE=",
        "AGFkYQBzM2NyZXQ=", "YWRh", "czNjcmV0", "=", "*", "",
    ]

    @Test("credentials are not shown", arguments: SMTPDialogueTests.credentials, ["", "\r\n"])
    func hidden(line: String, end: String) {
        var dialogue = dialogue("> EHLO a", "< 250 mx", "> AUTH PLAIN", "< 334 ")
        let shown = dialogue.sent(Array((line + end).utf8))
        #expect(shown == (line.lowercased().hasPrefix("auth") ? "AUTH (hidden)" : "(hidden)"))
        #expect(dialogue.step == .authentication)
    }

    @Test("the words of a refusal are those of all its lines, and each command starts without any")
    func words() {
        #expect(
            dialogue("> RCPT TO:<a@b.c>", "< 550-5.7.1 Your IP", "< 550 5.7.1 is blocked").words
                == "5.7.1 Your IP 5.7.1 is blocked")
        #expect(dialogue("> RCPT TO:<a@b.c>", "< 550 No", "> RCPT TO:<d@b.c>").words.isEmpty)
        #expect(dialogue("> RCPT TO:<a@b.c>", "< 250 2.1.5 OK").words.isEmpty)
        let long = "< 550-\(String(repeating: "x", count: 900))"
        #expect(dialogue("> DATA", long, long, long, long).words.utf8.count <= 1001)
    }

    @Test("the offer of AUTH is that of the latest EHLO")
    func offer() {
        var dialogue = dialogue("> EHLO a", "< 250-mx", "< 250-AUTH PLAIN login", "< 250 SIZE 3")
        #expect(dialogue.offer?.mechanisms == ["PLAIN", "LOGIN"])
        dialogue.sent(Array("EHLO a".utf8))
        #expect(dialogue.offer?.mechanisms == [])
        #expect(!dialogue.isAuthenticated)
    }

    @Test("AUTH is remembered by its mechanism, and a login by the code 235")
    func login() {
        let dialogue = dialogue("> EHLO a", "< 250 mx", "> AUTH plain", "< 334 ", "> AGFkYQBz", "< 235 2.7.0 Hello")
        #expect(dialogue.mechanism == "PLAIN")
        #expect(dialogue.isAuthenticated)
    }
}

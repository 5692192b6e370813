import Testing

@testable import Delivery

@Suite
struct RefusalSubjectTests {
    private static let unavailable = RefusalSubject.client(.serviceUnavailable)
    private static let noLogin = RefusalSubject.client(.authenticationFailed)
    private static let badSender = RefusalSubject.client(.senderRefused)

    /// Replies of mail servers, in their words.
    static let replies: [(String, RefusalSubject)] = postfix + exim + exchange + gmail + providers + others

    private static let postfix: [(String, RefusalSubject)] = [
        ("550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown in relay recipient table", .recipient),
        ("550 User unknown in relay recipient table", .recipient),
        ("554 5.7.1 <ada@example.com>: Relay access denied", unavailable),
        ("554 5.7.1 <anna@mailbox.org>: Relay access denied", unavailable),
        ("550 <anna@mailbox.org>: Relay access denied", unavailable),
        ("550 anna@mailbox.org: relaying denied", unavailable), ("550 <relay@example.org>: no thanks", .unclear),
        ("550 <daily@example.org>: User unknown", .recipient), ("550 daily@example.org... no thanks", .unclear),
        ("550 \"too-many@example.org\" refused", .unclear), ("550 (quota@example.org) refused", .unclear),
        ("550 your IP has no access to this mailbox", unavailable),
        ("554 mailbox access from 192.0.2.1 denied, listed in the blocklist", unavailable),
        ("454 4.7.1 <ada@example.com>: Relay access denied", unavailable),
        ("504 5.5.2 <door>: Helo command rejected: need fully-qualified hostname", unavailable),
        ("450 4.7.1 <door>: Helo command rejected: Host not found", unavailable),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", unavailable),
        ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", unavailable),
        ("553 5.7.1 <a@example.com>: Sender address rejected: not owned by user door", badSender),
        ("450 4.1.8 <a@example.org>: Sender address rejected: Domain not found", badSender),
        ("550 5.1.2 <ada@example.com>: Recipient address rejected: Domain not found", .recipient),
        ("452 4.3.1 Insufficient system storage", unavailable),
        ("451 4.3.0 <ada@example.com>: Temporary lookup failure", unavailable),
        ("451 4.3.5 Server configuration error", unavailable),
        ("552 5.3.4 Message size exceeds fixed limit", .message), ("452 4.5.3 Error: too many recipients", .message),
        ("554 5.7.1 <ada@example.com>: Recipient address rejected: Access denied", .unclear),
        ("450 4.2.0 <ada@example.com>: Recipient address rejected: Greylisted", .unclear),
        ("530 5.7.0 Must issue a STARTTLS command first", noLogin),
        ("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", noLogin),
    ]

    private static let exim: [(String, RefusalSubject)] = [
        ("550 relay not permitted", unavailable), ("550 Unrouteable address", .recipient),
        ("550 Sender verify failed", badSender), ("550 HELO required before MAIL", unavailable),
        ("550 Administrative prohibition", .unclear), ("503 sender not yet given", unavailable),
        ("552 Message size exceeds maximum permitted", .message),
        ("550-Verification failed for <a@example.com>\n550 Sender verify failed", badSender),
    ]

    private static let exchange: [(String, RefusalSubject)] = [
        ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", unavailable),
        ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", badSender),
        ("530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM", noLogin),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", .recipient),
        ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", .unclear),
        ("452 4.3.1 Insufficient system resources", unavailable),
        ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", unavailable),
        ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", badSender),
        ("550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", unavailable),
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", unavailable),
        ("550 5.1.8 Access denied, bad outbound sender AS(42004)", badSender),
        ("550 5.1.90 Your message can't be sent because you've reached your daily limit", unavailable),
        ("550 5.7.232 Your message can't be sent because you've exceeded your limit", unavailable),
        ("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup", .recipient),
        ("550 5.7.504 [ada@example.com]: Recipient address rejected: Access denied", .recipient),
        ("550 5.2.2 Mailbox full", .recipient),
        ("550 5.5.0 Requested action not taken: mailbox unavailable", .recipient),
    ]

    private static let gmail: [(String, RefusalSubject)] = [
        ("550 5.4.5 Daily user sending limit exceeded. For more information on Gmail", unavailable),
        ("550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try", .recipient),
        ("452 4.2.2 The recipient's inbox is out of storage space", .recipient),
        ("550-5.7.1 The IP you're using to send mail is not authorized\n550 5.7.1 your IP address", unavailable),
        ("550 5.7.26 Unauthenticated email from example.com is not accepted due to DMARC policy", .unclear),
        ("552 5.7.0 This message was blocked because its content presents a potential security issue", .unclear),
        ("421 4.7.0 Try again later, closing connection", unavailable),
        ("530 5.5.1 Authentication Required", noLogin),
        ("555 5.5.2 Syntax error", .unclear),
        ("534 5.7.9 Application-specific password required", noLogin),
    ]

    private static let providers: [(String, RefusalSubject)] = [
        // SES.
        ("454 Throttling failure: Maximum sending rate exceeded", unavailable),
        ("454 Throttling failure: Daily message quota exceeded", unavailable),
        ("554 Message rejected: Email address is not verified", unavailable),
        ("554 Message rejected: Sending suspended for this account", unavailable),
        ("451 4.4.2 Timeout waiting for data from client", unavailable),
        // SendGrid.
        ("451 You have exceeded your messaging limits", unavailable),
        ("550 The from address does not match a verified Sender Identity", badSender),
        ("550 Unauthenticated senders not allowed", noLogin),
        // Mailgun.
        ("550 5.7.1 Relaying denied", unavailable),
        ("421 Domain is not allowed to send: request limit exceeded", unavailable),
    ]

    private static let others: [(String, RefusalSubject)] = [
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", unavailable),
        ("550 No such user here", .recipient), ("550 5.7.1 No", .unclear), ("554 No", .unclear), ("550", .unclear),
        ("521 5.3.2 Host does not accept mail", unavailable), ("556 5.1.10 Domain has null MX", .recipient),
        ("550 5.6.0 Lines too long", .message), ("554 5.7.7 Message integrity failure", .message),
        ("500 5.5.1 Command unrecognized", unavailable), ("501 5.1.3 Bad recipient address syntax", .recipient),
    ]

    @Test("a reply is about the client, the recipient or the message", arguments: RefusalSubjectTests.replies)
    func subject(text: String, expected: RefusalSubject) throws {
        var dialogue = SMTPDialogue()
        dialogue.sent(Array("RCPT TO:<ada@example.com>".utf8))
        for line in text.split(separator: "\n") { dialogue.received(Array(line.utf8)) }
        #expect(RefusalSubject(of: try #require(dialogue.reply), dialogue.words) == expected)
    }
}

import Cryptography
import Net
import Testing

@testable import MailMessage

/// Addresses and messages for the tests.
enum Sample {
    static let sender = "sign-in@example.com"
    static let recipient = "ada@example.com"
    static let id = "d90bad97384181273203dd0f8cc30e16"

    static func address(_ text: String) throws -> EmailAddress {
        try #require(EmailAddress(parsing: text))
    }

    /// A message with the given content.
    static func message(
        id: String = Sample.id, to recipient: String = Sample.recipient,
        content: String = "Subject: Hello\r\n\r\nHello.\r\n"
    ) throws -> MailMessage {
        try message(id: id, to: [recipient], content: content)
    }

    /// A message to several recipients.
    static func message(
        id: String = Sample.id, to recipients: [String], content: String = "Subject: Hello\r\n\r\nHello.\r\n"
    ) throws -> MailMessage {
        MailMessage(
            id: id, sender: try address(sender), recipients: try recipients.map(address), content: Array(content.utf8))
    }
}

extension Secret {
    /// The bytes as text.
    var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

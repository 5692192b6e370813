/// The outcome of an attempt to deliver a message.
package enum DeliveryOutcome: Sendable, Equatable {
    /// The server accepted the message, and so the responsibility for it.
    case delivered(Reply?)
    /// The server accepted the message for some of its recipients only, or refused some of them for now and the others
    /// permanently.
    case partial(PartialDelivery)
    /// The server refused the message for now, or the attempt failed: a later one may succeed.
    case transient(DeliveryFailure)
    /// The server refuses this message, or this recipient, permanently. If the failure's subject is unclear, it may
    /// refuse all email of this client.
    case permanent(DeliveryFailure)
    /// The connection was lost after the whole message was sent and before the final reply, so the message may have
    /// been delivered (RFC 1047). It is sent again, because a missing link is worse than the same link twice. Both
    /// copies have the same `Message-ID`, so mail systems can recognise the duplicate.
    case ambiguous(DeliveryFailure)
    /// The server accepts no messages of this client for now, whatever the message.
    case unavailable(DeliveryFailure)

    /// The stable name in logs and metrics.
    package var name: String {
        switch self {
        case .delivered: "delivered"
        case .partial: "partial"
        case .transient: "transient"
        case .permanent: "permanent"
        case .ambiguous: "ambiguous"
        case .unavailable: "unavailable"
        }
    }

    /// The failure, or `nil` if the message was delivered to all recipients.
    package var failure: DeliveryFailure? {
        switch self {
        case .delivered: nil
        case .partial(let partial): partial.failure
        case .transient(let failure), .permanent(let failure), .ambiguous(let failure), .unavailable(let failure):
            failure
        }
    }

    /// The last reply, or `nil` if there was none.
    package var reply: Reply? {
        if case .delivered(let reply) = self { reply } else { failure?.reply }
    }
}

/// The outcome of an attempt to deliver a message to several recipients that differ in their outcomes.
package struct PartialDelivery: Sendable, Equatable {
    /// The number of recipients that the server refused, for now or permanently.
    package let refusedCount: Int
    /// The positions in ``MailMessage/recipients`` of those that the server refused for now: a later attempt may succeed.
    package let remaining: [Int]
    /// The last refusal.
    package let failure: DeliveryFailure
}

/// The cause of a failed delivery attempt. It contains neither an address nor a credential.
package struct DeliveryFailure: Error, Sendable, Equatable {
    /// The kinds of failure. Raw values are stable, for programs and alerts.
    package enum Code: String, Sendable, CaseIterable {
        /// No connection could be made to the host and port.
        case connectionRefused = "connection_refused"
        case hostNotFound = "host_not_found"
        /// The deadline passed.
        case timeout
        /// The connection ended before the end of the dialogue.
        case connectionLost = "connection_lost"
        /// The connection ended, or the deadline passed, between the final dot and its reply.
        case replyLost = "reply_lost"
        /// The server does not offer STARTTLS, which is required.
        case startTLSUnsupported = "starttls_unsupported"
        /// The certificate is not trusted, has expired, or is for another host.
        case certificateInvalid = "certificate_invalid"
        case tlsFailed = "tls_failed"
        /// The server does not accept the credentials, or offers no supported method.
        case authenticationFailed = "smtp_auth_failed"
        /// The server serves no client for now.
        case serviceUnavailable = "service_unavailable"
        /// The server does not accept messages from `POSTERN_MAIL_FROM`.
        case senderRefused = "sender_refused"
        case recipientRefused = "recipient_refused"
        case messageRefused = "message_refused"
        /// The server violated the protocol.
        case protocolError = "protocol_error"
        /// The folder cannot be written to.
        case folderUnwritable = "folder_unwritable"
    }

    /// A part of a delivery.
    package enum Stage: Sendable, Comparable {
        /// The connection, TLS, EHLO and the login.
        case session
        /// MAIL.
        case sender
        /// RCPT or later: the server had accepted client and sender.
        case email
    }

    /// The subject of a failure.
    package enum Subject: Sendable {
        /// The recipient or the message.
        case email
        /// The client or the server: other email fails alike.
        case client
        case unclear
    }

    /// The kind of failure.
    package let code: Code
    /// The reply that reported the failure, or `nil` if there was none.
    package let reply: Reply?
    /// A short description for people.
    package let detail: String
    /// The stage at which the delivery failed.
    package let stage: Stage
    /// The subject.
    package let subject: Subject
    /// The server's words for a failure that may not be due to the email, without anything that could be an address, a
    /// link or a code; `nil` if there are none.
    package let words: String?

    /// Creates a failure.
    package init(
        _ code: Code, reply: Reply? = nil, detail: String, stage: Stage = .session, subject: Subject = .email,
        words: String? = nil
    ) {
        self.code = code
        self.reply = reply
        self.detail = detail
        self.stage = stage
        self.subject = subject
        self.words = words
    }
}

extension DeliveryFailure: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(detail)" }
}

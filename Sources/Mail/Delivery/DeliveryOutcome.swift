/// How an attempt to deliver a message ended.
package enum DeliveryOutcome: Sendable, Equatable {
    /// The server has taken the responsibility for the message.
    case delivered(Reply?)
    /// Not now: the same message may be taken later.
    case transient(DeliveryFailure)
    /// Never: the server refuses this message, or this recipient, for good.
    case permanent(DeliveryFailure)
    /// The connection was lost when all had been sent and no reply had come: the message may have been delivered, or
    /// not (RFC 1047). It is sent again, as a person without a link is worse off than one with the same link twice;
    /// both have one `Message-ID`, by which mail systems recognise a duplicate.
    case ambiguous(DeliveryFailure)
    /// The server takes no mail from anybody for now, or none from this sender: it is not the message's fault.
    case unavailable(DeliveryFailure)

    /// Its stable name, as it stands in logs and metrics.
    package var name: String {
        switch self {
        case .delivered: "delivered"
        case .transient: "transient"
        case .permanent: "permanent"
        case .ambiguous: "ambiguous"
        case .unavailable: "unavailable"
        }
    }

    /// Why it is no delivery; `nil` where it is one.
    package var failure: DeliveryFailure? {
        switch self {
        case .delivered: nil
        case .transient(let failure), .permanent(let failure), .ambiguous(let failure), .unavailable(let failure):
            failure
        }
    }

    /// The last reply, where there was one.
    package var reply: Reply? {
        if case .delivered(let reply) = self { reply } else { failure?.reply }
    }
}

/// Why an attempt to deliver a message failed. It holds neither address nor credential.
package struct DeliveryFailure: Error, Sendable, Equatable {
    /// Stable names, for programs and alarms.
    package enum Code: String, Sendable, CaseIterable {
        /// Nothing listens there.
        case connectionRefused = "connection_refused"
        case hostNotFound = "host_not_found"
        /// Nothing came within the deadline.
        case timeout
        /// The connection ended before the end of the dialogue.
        case connectionLost = "connection_lost"
        /// The connection ended, or the deadline came, between the final dot and its reply.
        case replyLost = "reply_lost"
        /// The server offers no STARTTLS, without which nothing is sent.
        case startTLSUnsupported = "starttls_unsupported"
        /// The certificate is not trusted, has expired, or is for another host.
        case certificateInvalid = "certificate_invalid"
        case tlsFailed = "tls_failed"
        /// User and password are not accepted, or by no method that is spoken here.
        case authenticationFailed = "smtp_auth_failed"
        /// The server turns everybody away for now.
        case serviceUnavailable = "service_unavailable"
        /// The server does not take mail from `POSTERN_MAIL_FROM`.
        case senderRefused = "sender_refused"
        case recipientRefused = "recipient_refused"
        case messageRefused = "message_refused"
        /// What came is not what the protocol says.
        case protocolError = "protocol_error"
        /// The folder cannot be written to.
        case folderUnwritable = "folder_unwritable"
    }

    /// What went wrong, by its stable name.
    package let code: Code
    /// The reply that said so, where there was one.
    package let reply: Reply?
    /// What was found, in a few words.
    package let detail: String

    /// Names what went wrong.
    package init(_ code: Code, reply: Reply? = nil, detail: String) {
        self.code = code
        self.reply = reply
        self.detail = detail
    }
}

extension DeliveryFailure: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(detail)" }
}

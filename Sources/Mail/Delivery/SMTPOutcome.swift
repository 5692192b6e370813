import CCurl
import Net

/// The rules that turn the end of an SMTP transfer into the outcome for its message.
struct SMTPOutcome {
    private let end: CurlTransfer.End
    private let recipients: [EmailAddress]
    private var dialogue: SMTPDialogue { end.dialogue }

    /// - Parameter recipients: the recipients of the message, who must not be in a failure's words.
    init(of end: CurlTransfer.End, recipients: [EmailAddress]) {
        self.end = end
        self.recipients = recipients
    }

    /// Whether a connection that was used before may be the cause of a failure: the server had closed it, or counts or
    /// times what a connection may do. The message is then sent again at once, over a new connection, which tells.
    ///
    /// A message whose final dot was sent, and that got no reply, is not sent again at once.
    var isWorthNewConnection: Bool {
        guard end.isOverUsedConnection, end.result != CURLE_OK, end.result != CURLE_OPERATION_TIMEDOUT,
            end.result != CURLE_ABORTED_BY_CALLBACK
        else { return false }
        guard let reply = dialogue.reply, reply.code >= 400 else { return !dialogue.isContentComplete }
        if case .permanent(let failure) = outcome { return failure.subject != .email }
        return true
    }

    /// The mechanism to authenticate by instead of the one that the server refused, or that it closed the connection
    /// at; `nil` if that did not happen, or the server offers no other.
    var alternativeMechanism: String? {
        guard dialogue.step == .authentication, !dialogue.isAuthenticated, let mechanism = dialogue.mechanism,
            end.result != CURLE_OK, end.result != CURLE_OPERATION_TIMEDOUT
        else { return nil }
        return dialogue.offer?.alternative(to: mechanism)
    }

    /// Whether the server accepted the login on a new connection.
    var isAuthenticated: Bool { dialogue.isAuthenticated }

    /// Whether the message was sent over a connection that an earlier transfer had opened.
    var isOverUsedConnection: Bool { end.isOverUsedConnection }

    /// Whether the server offers no login that may be used.
    var isLoginMissing: Bool {
        dialogue.step == .hello && [CURLE_ABORTED_BY_CALLBACK, CURLE_LOGIN_DENIED].contains(end.result)
    }

    /// The position of the recipient at whom the server closed the connection; `nil` if it did not.
    var lostRecipient: Int? {
        guard end.result != CURLE_OK, end.result != CURLE_OPERATION_TIMEDOUT, end.result != CURLE_ABORTED_BY_CALLBACK
        else { return nil }
        let replies = dialogue.recipientReplies
        if replies.last?.reply.code == 421 { return replies.count - 1 }
        return dialogue.step == .recipient && dialogue.reply == nil ? replies.count : nil
    }

    /// The outcome: by the last reply if it refused something, otherwise by the last step and libcurl's result.
    var outcome: DeliveryOutcome {
        if end.result == CURLE_OK || isAccepted { return partial ?? .delivered(dialogue.reply) }
        if let reply = dialogue.reply, reply.code >= 400 {
            let refusal = refusal(at: dialogue.step, reply, dialogue.words)
            return dialogue.step == .recipient && reply.code != 421 ? partial ?? forAll(refusal) : refusal
        }
        // 421 to one of several recipients: the server closes the connection before DATA (RFC 5321 §3.8).
        if let last = dialogue.recipientReplies.last, last.reply.code == 421 {
            return refusal(at: .recipient, last.reply, last.words)
        }
        let stage = DeliveryFailure.Stage(dialogue.step)
        let failure = DeliveryFailure(DeliveryFailure.Code(end.result), detail: end.text, stage: stage)
        switch stage {
        case .session: return .unavailable(isLoginMissing ? authenticationFailure(nil) : failure)
        case .sender, .email:
            if dialogue.isContentComplete, dialogue.reply == nil {
                return .ambiguous(DeliveryFailure(.replyLost, detail: end.text, stage: stage))
            }
            return .transient(failure)
        }
    }

    /// Whether the server accepted the content. libcurl expects 250, but any 2yz accepts (RFC 5321 §4.2.1).
    private var isAccepted: Bool { dialogue.step == .content && dialogue.reply.map { $0.code / 100 == 2 } ?? false }

    // MARK: - Several recipients

    /// The outcome for recipients that the server judged differently; `nil` if it judged all of them alike.
    private var partial: DeliveryOutcome? {
        let replies = dialogue.recipientReplies
        let refused = replies.indices.filter { replies[$0].reply.code >= 400 }
        let isAnyAccepted = refused.count < replies.count
        let remaining = refused.filter { index in
            if replies[index].reply.isTransient { return true }
            return switch RefusalSubject(of: replies[index].reply, replies[index].words, to: recipients) {
            case .recipient, .message: false
            case .client: true
            // That another recipient was accepted tells that the client is served.
            case .unclear: !isAnyAccepted
            }
        }
        guard let last = refused.last, isAnyAccepted || !remaining.isEmpty && remaining.count < refused.count else {
            return nil
        }
        return .partial(
            PartialDelivery(
                refusedCount: refused.count, remaining: remaining,
                failure: DeliveryFailure(
                    .recipientRefused, reply: replies[last].reply,
                    detail: "the server answered \(replies[last].reply)", stage: .email)))
    }

    /// Returns the outcome for the last of several refused recipients, if it is to hold for all of them, of which some
    /// may have been refused for now.
    private func forAll(_ refusal: DeliveryOutcome) -> DeliveryOutcome {
        guard case .permanent(let failure) = refusal,
            dialogue.recipientReplies.contains(where: \.reply.isTransient)
        else { return refusal }
        return .transient(failure)
    }

    // MARK: - Refusals

    /// Returns the outcome for a reply that refused a step. 4yz is transient, and 5yz is permanent (RFC 5321 §4.2.1),
    /// but not if it is about the client.
    private func refusal(at step: SMTPDialogue.Step, _ reply: Reply, _ words: String) -> DeliveryOutcome {
        switch step {
        case .connection, .hello: .unavailable(failure(.serviceUnavailable, reply, .session, .client, words))
        case .startTLS: .unavailable(failure(.tlsFailed, reply, .session, .client, words))
        case .authentication: .unavailable(authenticationFailure(reply))
        case .sender: senderRefusal(reply, words)
        case .recipient, .data, .content:
            emailRefusal(reply, words, or: step == .recipient ? .recipientRefused : .messageRefused)
        }
    }

    /// Returns the outcome for a refusal of MAIL, which every message from this sender gets, unless it is about the
    /// size, which MAIL declares as well (RFC 1870 §6.1).
    private func senderRefusal(_ reply: Reply, _ words: String) -> DeliveryOutcome {
        switch RefusalSubject(of: reply, words, to: recipients) {
        case .message where !reply.isTransient: .permanent(failure(.senderRefused, reply, .sender, .email, words))
        case _ where reply.code == 552 && reply.enhancedStatus == nil:
            .permanent(failure(.senderRefused, reply, .sender, .email, words))
        case .client(let code): .unavailable(failure(code, reply, .sender, .client, words))
        case .recipient, .message, .unclear: .unavailable(failure(.senderRefused, reply, .sender, .client, words))
        }
    }

    /// Returns the outcome for a refusal of RCPT, DATA or the content.
    private func emailRefusal(
        _ reply: Reply, _ words: String, or code: DeliveryFailure.Code
    ) -> DeliveryOutcome {
        switch RefusalSubject(of: reply, words, to: recipients) {
        case .client(let code):
            let failure = failure(code, reply, .email, .client, words)
            return reply.isTransient ? .transient(failure) : .unavailable(failure)
        case .recipient, .message:
            let failure = failure(code, reply, .email, .email, words)
            return reply.isTransient ? .transient(failure) : .permanent(failure)
        case .unclear:
            if reply.isTransient { return .transient(failure(code, reply, .email, .email, words)) }
            return .permanent(failure(code, reply, .email, .unclear, words))
        }
    }

    private func failure(
        _ code: DeliveryFailure.Code, _ reply: Reply, _ stage: DeliveryFailure.Stage,
        _ subject: DeliveryFailure.Subject, _ words: String
    ) -> DeliveryFailure {
        DeliveryFailure(
            code, reply: reply, detail: "the server answered \(reply)", stage: stage, subject: subject,
            words: subject == .email ? nil : loggableWords(words, hiding: recipients))
    }

    // MARK: - Authentication

    private func authenticationFailure(_ reply: Reply?) -> DeliveryFailure {
        let offer = "the server \(dialogue.offer ?? AuthenticationOffer())"
        return DeliveryFailure(
            .authenticationFailed, reply: reply,
            detail: reply.map { "\(offer), and answered \($0) to AUTH \(dialogue.mechanism ?? "")" } ?? offer,
            stage: .session, subject: .client)
    }
}

extension DeliveryFailure.Stage {
    init(_ step: SMTPDialogue.Step) {
        self =
            switch step {
            case .connection, .hello, .startTLS, .authentication: .session
            case .sender: .sender
            case .recipient, .data, .content: .email
            }
    }
}

extension DeliveryFailure.Code {
    /// The failure for libcurl's result, of a transfer that ended without a reply.
    init(_ result: CURLcode) {
        self =
            switch result {
            case CURLE_COULDNT_RESOLVE_HOST: .hostNotFound
            case CURLE_COULDNT_CONNECT: .connectionRefused
            // A transfer is aborted if it takes too long.
            case CURLE_OPERATION_TIMEDOUT, CURLE_ABORTED_BY_CALLBACK: .timeout
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR: .certificateInvalid
            case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .tlsFailed
            case CURLE_USE_SSL_FAILED: .startTLSUnsupported
            case CURLE_LOGIN_DENIED: .authenticationFailed
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .connectionLost
            default: .protocolError
            }
    }
}

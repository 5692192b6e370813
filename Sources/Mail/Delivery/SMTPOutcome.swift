import CCurl

/// The rules that turn the end of an SMTP transfer into the outcome for its message.
enum SMTPOutcome {
    /// Whether the transfer failed because the server had closed an idle connection. The message is then sent again at
    /// once, over a new connection.
    static func isStaleConnection(_ end: CurlTransfer.End) -> Bool {
        guard end.isOverUsedConnection, end.result != CURLE_OK, end.result != CURLE_OPERATION_TIMEDOUT else {
            return false
        }
        if let reply = end.dialogue.reply { return reply.code == 421 }
        return !end.dialogue.isContentComplete
    }

    /// Returns the outcome: by the last reply if it refused something, otherwise by the last step and libcurl's result.
    static func outcome(of end: CurlTransfer.End) -> DeliveryOutcome {
        let dialogue = end.dialogue
        if end.result == CURLE_OK { return partial(dialogue) ?? .delivered(dialogue.reply) }
        if let reply = dialogue.reply, reply.code >= 400 {
            let refusal = refusal(at: dialogue.step, reply, end)
            return dialogue.step == .recipient && !isAboutClient(refusal) ? partial(dialogue) ?? refusal : refusal
        }
        // 421 to one of several recipients: the server closes the connection before DATA (RFC 5321 §3.8).
        if let reply = dialogue.recipientReplies.last, reply.code == 421 { return refusal(at: .recipient, reply, end) }
        let failure = DeliveryFailure(DeliveryFailure.Code(end.result), detail: end.text)
        switch dialogue.step {
        case .connection, .hello, .startTLS, .authentication: return .unavailable(failure)
        case .sender, .recipient, .data, .content:
            if dialogue.isContentComplete, dialogue.reply == nil {
                return .ambiguous(DeliveryFailure(.replyLost, detail: end.text))
            }
            return .transient(failure)
        }
    }

    /// Returns the outcome for recipients that the server judged differently; `nil` if it judged all of them alike.
    private static func partial(_ dialogue: SMTPDialogue) -> DeliveryOutcome? {
        let replies = dialogue.recipientReplies
        let refused = replies.indices.filter { replies[$0].code >= 400 }
        let remaining = refused.filter { replies[$0].isTransient }
        guard let last = refused.last,
            refused.count < replies.count || !remaining.isEmpty && remaining.count < refused.count
        else { return nil }
        return .partial(
            PartialDelivery(
                refusedCount: refused.count, remaining: remaining,
                failure: DeliveryFailure(
                    .recipientRefused, reply: replies[last], detail: "the server answered \(replies[last])")))
    }

    private static func isAboutClient(_ outcome: DeliveryOutcome) -> Bool {
        if case .unavailable = outcome { true } else { false }
    }

    /// Returns the outcome for a reply that refused a step. 4yz is transient, and 5yz is permanent (RFC 5321 §4.2.1).
    /// A reply to a step before the recipient is not about the message, and neither is 421, with which a server closes
    /// the connection (§3.8).
    private static func refusal(at step: SMTPDialogue.Step, _ reply: Reply, _ end: CurlTransfer.End) -> DeliveryOutcome
    {
        func failure(_ code: DeliveryFailure.Code) -> DeliveryFailure {
            DeliveryFailure(code, reply: reply, detail: "the server answered \(reply)")
        }
        if reply.code == 421 { return .unavailable(failure(.serviceUnavailable)) }
        switch step {
        case .connection, .hello: return .unavailable(failure(.serviceUnavailable))
        case .startTLS: return .unavailable(failure(.tlsFailed))
        case .authentication: return .unavailable(failure(.authenticationFailed))
        case .sender, .recipient, .data, .content: break
        }
        switch reply.code {
        // RFC 4954 §6: authentication is required, invalid or too weak.
        case 530, 534, 535, 538: return .unavailable(failure(.authenticationFailed))
        default: break
        }
        let code: DeliveryFailure.Code =
            switch step {
            case .sender: .senderRefused
            case .recipient: .recipientRefused
            default: .messageRefused
            }
        if reply.isTransient { return .transient(failure(code)) }
        // 552 is about the message's size, which MAIL declares together with the sender (RFC 1870 §6.1).
        return step == .sender && reply.code != 552 ? .unavailable(failure(code)) : .permanent(failure(code))
    }
}

extension DeliveryFailure.Code {
    /// The failure for libcurl's result, of a transfer that ended without a reply.
    init(_ result: CURLcode) {
        self =
            switch result {
            case CURLE_COULDNT_RESOLVE_HOST: .hostNotFound
            case CURLE_COULDNT_CONNECT: .connectionRefused
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR: .certificateInvalid
            case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .tlsFailed
            case CURLE_USE_SSL_FAILED: .startTLSUnsupported
            case CURLE_LOGIN_DENIED: .authenticationFailed
            case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .connectionLost
            default: .protocolError
            }
    }
}

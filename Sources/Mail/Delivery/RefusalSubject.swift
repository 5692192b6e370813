import Net

/// The subject of a refusal: the one thing that must change before the same email is accepted. It follows from the
/// enhanced status code (RFC 3463, RFC 5248, and those of large providers), then from the reply code, then from words
/// that mail servers use. The step that the reply answers says little, because many servers tell only at RCPT or after
/// the final dot that they do not serve a client.
enum RefusalSubject: Equatable {
    /// The client, or the mail server itself: every email is refused alike.
    case client(DeliveryFailure.Code)
    /// The recipient.
    case recipient
    /// The message.
    case message
    /// It cannot be told from the reply.
    case unclear

    /// - Parameter recipients: the recipients of the message, whose addresses may be among the words.
    init(of reply: Reply, _ words: String, to recipients: [EmailAddress] = []) {
        let words = RefusalSubject.withoutAddresses(words.lowercased(), of: recipients)
        self =
            RefusalSubject.byLogin(reply.code) ?? RefusalSubject.byEnhancedStatus(reply.enhancedStatus)
            ?? RefusalSubject.byCode(reply.code) ?? RefusalSubject.byWords(words) ?? .unclear
    }

    /// RFC 4954 §6: authentication is required, invalid or too weak.
    private static func byLogin(_ code: Int) -> RefusalSubject? {
        [530, 534, 535, 538].contains(code) ? .client(.authenticationFailed) : nil
    }

    // MARK: - Enhanced status codes

    private static func byEnhancedStatus(_ status: String?) -> RefusalSubject? {
        guard let parts = status?.split(separator: ".").compactMap({ Int($0) }), parts.count == 3 else { return nil }
        let detail = parts[2]
        return switch parts[1] {
        case 1: byAddressStatus(detail)
        // X.2.0 is used for refused senders, too.
        case 2: detail == 0 ? nil : detail == 3 ? .message : .recipient
        case 3: detail == 4 ? .message : .client(.serviceUnavailable)
        case 4: byRoutingStatus(detail)
        case 5: byProtocolStatus(detail)
        case 6: .message
        case 7: byPolicyStatus(detail)
        default: nil
        }
    }

    /// RFC 3463 §3.2. X.1.0 says nothing.
    private static func byAddressStatus(_ detail: Int) -> RefusalSubject? {
        switch detail {
        case 0: nil
        case 7, 8: .client(.senderRefused)
        case 90: .client(.serviceUnavailable)  // Exchange: the daily limit of recipients.
        default: .recipient
        }
    }

    /// RFC 3463 §3.5. X.4.5 is congestion; Gmail uses it for a sender's quota.
    private static func byRoutingStatus(_ detail: Int) -> RefusalSubject? {
        switch detail {
        case 2, 3, 5: .client(.serviceUnavailable)
        case 4, 6: .recipient
        default: nil
        }
    }

    /// RFC 3463 §3.6. X.5.0 says nothing: Outlook.com uses it for unknown mailboxes.
    private static func byProtocolStatus(_ detail: Int) -> RefusalSubject? {
        switch detail {
        case 1, 5, 6: .client(.serviceUnavailable)
        case 3: .message  // Too many recipients.
        // An argument that the server does not accept: that of EHLO, or the recipient.
        default: nil
        }
    }

    /// RFC 3463 §3.8, RFC 4954 §6, RFC 7293, RFC 7372. X.7.0 and X.7.1 say nothing.
    private static func byPolicyStatus(_ detail: Int) -> RefusalSubject? {
        switch detail {
        case 2, 17, 18, 19: .recipient
        case 7, 15, 16: .message
        case 8...14, 57, 139: .client(.authenticationFailed)
        case 60: .client(.senderRefused)
        case 25, 28, 54: .client(.serviceUnavailable)
        // SPF, DKIM and DMARC: they fail for all email, or matter to one recipient alone.
        case 20...24, 26, 27, 29, 509: .unclear
        // Exchange Online: 5.7.124, 5.7.129, 5.7.133, 5.7.136, 5.7.504 and 5.7.505 are rules of the recipient.
        case 124, 129, 133, 136, 504, 505: .recipient
        case 232, 233, 501...503, 511, 606...649, 700...708, 750: .client(.serviceUnavailable)
        default: nil
        }
    }

    // MARK: - Reply codes

    private static func byCode(_ code: Int) -> RefusalSubject? {
        switch code {
        // The server is closing, or does not know or allow a command (RFC 5321 §4.2.2, RFC 7504). Some answer 504 for a
        // name in EHLO that they do not accept, at RCPT. 432 and 454 are about the login and the rate of sending.
        case 421, 432, 454, 500, 502, 503, 504, 521: .client(.serviceUnavailable)
        case 556: .recipient
        default: nil
        }
    }

    // MARK: - Words

    /// The words without addresses. Servers repeat that of the recipient, and `relay@` or `mailbox.org` in it tell nothing.
    private static func withoutAddresses(_ words: String, of recipients: [EmailAddress]) -> String {
        var rest = words[...]
        var kept = ""
        while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
            kept += rest[..<start] + " "
            rest = rest[rest.index(after: end)...]
        }
        kept += rest
        var parts: Set<Substring> = []
        var domains: [Substring] = []
        for recipient in recipients {
            let halves = recipient.text.split(separator: "@", maxSplits: 1)
            parts.formUnion(halves)
            domains += halves.dropFirst()
        }
        return kept.split(separator: " ").filter { word in
            let name = word.trimming { "\"'():;,.=[]".contains($0) }
            return !word.contains("@") && !parts.contains(name) && !domains.contains { name.hasSuffix("." + $0) }
        }.joined(separator: " ")
    }

    /// Words of refusals, in the order in which they are looked for: first those that name the client, whatever else is
    /// said.
    private static let phrases: [(RefusalSubject, [String])] = [
        (
            .client(.serviceUnavailable),
            [
                "your ip", "your network", "client host", "blocked using", "block list", "blocklist", "blacklist",
                "denylist", "dnsbl", "spamhaus", "relay access denied", "relaying denied", "relay denied",
                "relaying not", "relay not", "not permitted to relay", "unable to relay", "cannot relay",
            ]
        ),
        (
            .client(.senderRefused),
            [
                "sender verify", "sender address", "sender rejected", "sender denied", "sender identity",
                "sendasdenied",
                "send as", "from address",
            ]
        ),
        (
            .client(.serviceUnavailable),
            ["sending quota", "sending limit", "sending rate", "message quota", "messaging limits", "daily"]
        ),
        (
            .recipient,
            [
                "user unknown", "unknown user", "no such", "recipient unknown", "unknown recipient", "user not found",
                "not a known user", "mailbox", "does not exist", "doesn't exist", "unrouteable", "unroutable",
                "invalid recipient", "over quota", "no longer available", "domain not found", "no mx",
            ]
        ),
        (
            .client(.authenticationFailed), ["authenticat", "login required", "log in first", "must be verified"]
        ),
        (
            .client(.serviceUnavailable),
            [
                "relay", "rcpthosts", "client host", "helo", "ehlo", "reverse dns", "your ip", "ip address",
                "your server", "your host", "blocked using", "block list", "blocklist", "blacklist", "denylist",
                "dnsbl",
                "spamhaus", "throttl", "too many", "rate limit", "limit exceeded", "quota", "not verified",
                "sending suspended", "sending account",
            ]
        ),
        (
            .message,
            ["too large", "too big", "message size", "size limit", "maximum size", "line too long", "virus", "malware"]
        ),
    ]

    private static func byWords(_ words: String) -> RefusalSubject? {
        phrases.first { $0.1.contains(where: words.contains) }?.0
    }
}

extension Substring {
    /// The text without characters at its ends for which `isPadding` is true.
    fileprivate func trimming(_ isPadding: (Character) -> Bool) -> Substring {
        var text = drop(while: isPadding)
        while let last = text.last, isPadding(last) { text.removeLast() }
        return text
    }
}

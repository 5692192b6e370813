import Bytes
import Platform

extension MailJob {
    /// The maximum number of recipients.
    package static let maximumRecipientCount = 50
    /// The maximum number of tags.
    package static let maximumTagCount = 10
    /// The maximum size of a message's subject, body and header fields together.
    package static let maximumMessageByteCount = 1_000_000

    /// The maximum size of a message's bodies in JSON, so that a box fits into a reply of Redis.
    static let maximumEscapedByteCount = 3_000_000

    private static let maximumValueCount = 20
    private static let maximumValueByteCount = 1000
    private static let maximumSlotCount = 8
    private static let maximumSlotByteCount = 16_384
    private static let maximumHeaderCount = 30
    /// The maximum length of a line in a message, without its line end (RFC 5322 §2.1.1).
    private static let maximumLineByteCount = 998

    /// Checks that the job is within its bounds, and that no part of it can add a header field.
    /// - Throws: ``ParseError`` with the first rule that the job breaks.
    package func check() throws(ParseError) {
        try MailJob.require(MailJob.isID(id), "must have an id of 32 lowercase hexadecimal digits")
        try MailJob.require(
            (1...MailJob.maximumRecipientCount).contains(recipients.count), "must have 1 to 50 recipients")
        try MailJob.require(
            remaining.map { !$0.isEmpty && $0.allSatisfy(recipients.contains) } ?? true,
            "must have remaining recipients that are among its recipients")
        switch content {
        case .template(let name, let values, let secrets, _): try MailJob.check(name, values, secrets)
        case .message(let subject, let html, let text, let headers):
            try MailJob.check(subject, html, text, headers)
        }
        if let name = sender?.name {
            try MailJob.require(
                Mailbox.isName(name), "must have a sender's name of at most 100 characters, without control characters")
        }
        try MailJob.require(
            tags.count <= MailJob.maximumTagCount && tags.allSatisfy(MailJob.isWord),
            "must have at most 10 tags, each of 1 to 64 letters, digits, -, _, . or :")
        if let process = report?.process {
            try MailJob.require(
                MailJob.isWord(process), "must report to a process of 1 to 64 letters, digits, -, _, . or :")
        }
        try MailJob.require(
            issuedAt.milliseconds >= 0 && expiresAt >= issuedAt && expiresAt <= .last,
            "must not expire before it was issued, or after the year 9999")
    }

    // MARK: - Templates

    private static func check(_ name: String, _ values: [Value], _ secrets: [Slot]) throws(ParseError) {
        try require(
            isTemplateName(name), "must name a template with 1 to 64 lowercase letters, digits or hyphens")
        try require(
            values.count <= maximumValueCount && secrets.count <= maximumSlotCount,
            "must have at most 20 values and 8 secrets")
        var names = values.map(\.name)
        names += secrets.lazy.map(\.name)
        try require(
            names.allSatisfy(isValueName) && names.indices.allSatisfy { !names[..<$0].contains(names[$0]) },
            "must name each value and secret once, with 1 to 64 letters or digits")
        for value in values {
            guard case .text(let text) = value.kind else { continue }
            try require(
                text.utf8.count <= maximumValueByteCount && !holdsControlCharacter(text),
                "must have values of at most 1000 bytes, without control characters")
        }
        for secret in secrets {
            try require(
                !secret.text.isEmpty && secret.text.utf8.count <= maximumSlotByteCount && secret.text.isVisibleASCII,
                "must have secrets of 1 to 16384 visible ASCII characters")
            try require(
                secret.name != "link" || isLink(secret.text), "must have a link that starts with https:// or http://")
        }
    }

    /// Whether a text can be the name of a template: 1 to 64 lowercase letters, digits or hyphens.
    package static func isTemplateName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                $0.isASCIIDigit || $0 == UInt8(ascii: "-") || ($0.isASCIILetter && $0.asciiLowercased == $0)
            }
    }

    /// Whether a text can be the name of a template's value: 1 to 64 letters or digits.
    package static func isValueName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit }
    }

    // MARK: - Messages

    private static func check(
        _ subject: String, _ html: String?, _ text: String?, _ headers: [Header]
    ) throws(ParseError) {
        try require(
            (1...maximumLineByteCount).contains(subject.utf8.count) && !holdsControlCharacter(subject),
            "must have a subject of 1 to 998 bytes, without control characters")
        try require(html != nil || text != nil, "must have html, text or both")
        for body in [html, text] {
            try require(body?.utf8.contains(0) != true, "must have no zero byte in its text")
        }
        try require(headers.count <= maximumHeaderCount, "must have at most 30 header fields")
        for header in headers { try check(header) }
        let size = headers.reduce(subject.utf8.count + (html?.utf8.count ?? 0) + (text?.utf8.count ?? 0)) {
            $0 + $1.name.utf8.count + $1.value.utf8.count
        }
        try require(size <= maximumMessageByteCount, "must have at most 1 MB of subject, text and header fields")
        let escapedSize = escapedByteCount(html ?? "") + escapedByteCount(text ?? "")
        try require(escapedSize <= maximumEscapedByteCount, "must have at most 3 MB of html and text as JSON")
    }

    /// The size of a text in JSON, as JSONWriter writes it.
    private static func escapedByteCount(_ text: String) -> Int {
        text.utf8.reduce(0) { count, byte in
            switch byte {
            case 0..<0x20, 0x7F: count + 6
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): count + 2
            default: count + 1
            }
        }
    }

    private static func check(_ header: Header) throws(ParseError) {
        let name = header.name.utf8
        // RFC 5322 §3.6.8: visible ASCII except the colon.
        try require(
            (1...64).contains(name.count) && header.name.isVisibleASCII && !name.contains(UInt8(ascii: ":")),
            "must have header fields whose names are 1 to 64 visible ASCII characters without a colon")
        try require(!isReserved(header.name), "must have no header field that the message sets itself")
        try require(
            !header.value.isEmpty && name.count + 2 + header.value.utf8.count <= maximumLineByteCount
                && !holdsControlCharacter(header.value) && header.value.first != " " && header.value.last != " ",
            "must have header fields of at most 998 bytes, without control characters or spaces around the value")
        let isReplyTo = lowercased(header.name) == "reply-to"
        try require(
            !isReplyTo || Mailbox(parsing: header.value).map { $0.name?.contains("@") != true } ?? false,
            "must have an address, or NAME <ADDRESS>, in Reply-To")
    }

    /// Header fields that the message sets itself, that address it, or that only mail servers may add.
    private static let reservedNames: Set = [
        "date", "from", "sender", "to", "cc", "bcc", "subject", "message-id", "mime-version", "auto-submitted",
        "x-auto-response-suppress", "x-entity-ref-id", "return-path", "received", "dkim-signature",
        "authentication-results",
    ]

    private static func isReserved(_ name: String) -> Bool {
        let name = lowercased(name)
        return reservedNames.contains(name)
            || ["content-", "resent-", "arc-"].contains(where: name.hasPrefix)
    }

    /// Whether a header field's value is a mailbox, and not any text.
    package static func isMailbox(_ header: Header) -> Bool { lowercased(header.name) == "reply-to" }

    // MARK: - Forms

    private static func require(_ isMet: @autoclosure () -> Bool, _ rule: String) throws(ParseError) {
        guard isMet() else { throw ParseError(rule) }
    }

    private static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map(\.asciiLowercased), as: UTF8.self)
    }

    static func isID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { $0.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    static func isLink(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.isVisibleASCII
    }

    private static func isWord(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                $0.isASCIILetter || $0.isASCIIDigit || "-_.:".utf8.contains($0)
            }
    }
}

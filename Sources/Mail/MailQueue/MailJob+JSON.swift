import Bytes
import Net
import Platform

extension MailJob {
    /// The job as a JSON object, without its id. Members that have their default are left out.
    var json: [UInt8] {
        var json = JSONWriter(capacity: capacity)
        json.member("to", recipients.map(\.text))
        if let remaining { json.member("remaining", remaining.map(\.text)) }
        switch content {
        case .template(let name, let values, let secrets, let language):
            json.member("template") { json in
                json.member("name", name)
                json.member("language", language.tag)
                json.member("values") { json in
                    for value in values {
                        switch value.kind {
                        case .text(let text): json.member(value.name, text)
                        case .flag(let isShown): json.member(value.name, isShown)
                        }
                    }
                }
                json.member("secrets") { json in
                    for secret in secrets { json.member(secret.name, secret.text) }
                }
            }
        case .message(let subject, let html, let text, let headers):
            json.member("message") { json in
                json.member("subject", subject)
                if let html { json.member("html", html) }
                if let text { json.member("text", text) }
                json.member("headers", forEach: headers) { json, header in
                    json.member("name", header.name)
                    json.member("value", header.value)
                }
            }
        }
        appendOptions(to: &json)
        json.member("issued_at", issuedAt.milliseconds)
        json.member("expires_at", expiresAt.milliseconds)
        return json.finish()
    }

    private func appendOptions(to json: inout JSONWriter) {
        if let sender {
            json.member("sender") { json in
                if let name = sender.name { json.member("name", name) }
                json.member("address", sender.address.text)
            }
        }
        if priority != .high { json.member("priority", priority.rawValue) }
        if !tags.isEmpty { json.member("tags", tags) }
        if let report {
            json.member("report") { json in
                if let process = report.process { json.member("process", process) }
                if report.isForWebhooks { json.member("webhooks", true) }
            }
        }
    }

    /// An estimate of the size of ``json``.
    private var capacity: Int {
        switch content {
        case .template(_, _, let secrets, _):
            256 + 64 * recipients.count + secrets.reduce(0) { $0 + $1.text.utf8.count }
        case .message(_, let html, let text, _):
            1024 + 64 * recipients.count + (html?.utf8.count ?? 0) + (text?.utf8.count ?? 0)
        }
    }

    // MARK: - Reading

    /// Reads a job of version 2. Its bounds are not checked.
    init?(_ id: String, version2 members: JSONObject) {
        guard let recipients = members["to"]?.addresses, let remaining = optional(members["remaining"], \.addresses),
            let content = Content(members), let sender = optional(members["sender"], Mailbox.init(reading:)),
            let priority = optional(members["priority"], { $0.string.flatMap(MailPriority.init(rawValue:)) }),
            let tags = optional(members["tags"], \.strings),
            let report = optional(members["report"], Report.init(reading:)), let times = MailJob.times(members)
        else { return nil }
        self.init(
            id: id, recipients: recipients, remaining: remaining, content: content, sender: sender,
            priority: priority ?? .high, tags: tags ?? [], report: report, issuedAt: times.issuedAt,
            expiresAt: times.expiresAt)
    }

    /// Reads a job of version 1, which is always a sign-in email. A malformed code is ignored.
    init?(_ id: String, version1 members: JSONObject) {
        guard case .string(let to)? = members["to"], let recipient = EmailAddress(parsing: to),
            case .string(let link)? = members["link"],
            case .string(let origin)? = members["origin"], let origin = try? Origin(parsing: origin),
            let times = MailJob.times(members)
        else { return nil }
        var values: [Value] = [.text("portal", origin.authority)]
        if members["newest_only"] == .boolean(true) { values.append(.flag("newestOnly", true)) }
        var secrets = [Slot("link", link)]
        if case .string(let code)? = members["code"], code.utf8.count == 6, code.isASCIIDigits {
            secrets.append(Slot("code", code))
        }
        self.init(
            id: id, recipients: [recipient],
            content: .template(
                name: "sign-in", values: values, secrets: secrets, language: Language(reading: members["language"])),
            issuedAt: times.issuedAt, expiresAt: times.expiresAt)
    }

    private static func times(_ members: JSONObject) -> (issuedAt: UnixTime, expiresAt: UnixTime)? {
        guard case .number(let issuedAt)? = members["issued_at"], case .number(let expiresAt)? = members["expires_at"],
            let issuedAt = Int(exactly: issuedAt).flatMap(UnixTime.init(given:)),
            let expiresAt = Int(exactly: expiresAt).flatMap(UnixTime.init(given:)), expiresAt >= issuedAt
        else { return nil }
        return (issuedAt, expiresAt)
    }
}

extension MailJob.Content {
    /// Reads the member `template` or `message`, of which there must be one.
    fileprivate init?(_ members: JSONObject) {
        switch (members["template"], members["message"]) {
        case (.object(let template)?, nil): self.init(template: template)
        case (nil, .object(let message)?): self.init(message: message)
        default: return nil
        }
    }

    private init?(template: JSONObject) {
        guard case .string(let name)? = template["name"],
            case .object(let values) = template["values"] ?? .object([:]),
            case .object(let secrets) = template["secrets"] ?? .object([:])
        else { return nil }
        var readValues: [MailJob.Value] = []
        for member in values.members {
            switch member.value {
            case .string(let text): readValues.append(.text(member.name, text))
            case .boolean(let isShown): readValues.append(.flag(member.name, isShown))
            default: return nil
            }
        }
        var readSecrets: [MailJob.Slot] = []
        for member in secrets.members {
            guard case .string(let text) = member.value else { return nil }
            readSecrets.append(MailJob.Slot(member.name, text))
        }
        self = .template(
            name: name, values: readValues, secrets: readSecrets, language: Language(reading: template["language"]))
    }

    private init?(message: JSONObject) {
        guard case .string(let subject)? = message["subject"],
            let html = optional(message["html"], \.string), let text = optional(message["text"], \.string),
            case .array(let fields) = message["headers"] ?? .array([])
        else { return nil }
        var headers: [MailJob.Header] = []
        for field in fields {
            guard case .object(let field) = field, case .string(let name)? = field["name"],
                case .string(let value)? = field["value"]
            else { return nil }
            headers.append(MailJob.Header(name: name, value: value))
        }
        self = .message(subject: subject, html: html, text: text, headers: headers)
    }
}

extension Mailbox {
    fileprivate init?(reading value: JSONValue) {
        guard case .object(let members) = value, case .string(let text)? = members["address"],
            let address = EmailAddress(parsing: text), let name = optional(members["name"], \.string)
        else { return nil }
        self.init(name: name, address: address)
    }
}

extension MailJob.Report {
    fileprivate init?(reading value: JSONValue) {
        guard case .object(let members) = value, let process = optional(members["process"], \.string) else {
            return nil
        }
        self.init(process: process, isForWebhooks: members["webhooks"] == .boolean(true))
    }
}

extension Language {
    /// Reads a tag. A missing or malformed one is read as English.
    fileprivate init(reading value: JSONValue?) {
        self = value?.string.flatMap { try? Language(parsing: $0) } ?? .english
    }
}

extension JSONValue {
    fileprivate var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The texts of an array of strings; `nil` for anything else.
    fileprivate var strings: [String]? {
        guard case .array(let elements) = self else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }

    /// The addresses of an array of strings; `nil` for anything else.
    fileprivate var addresses: [EmailAddress]? {
        guard let texts = strings else { return nil }
        let addresses = texts.compactMap(EmailAddress.init(parsing:))
        return addresses.count == texts.count ? addresses : nil
    }
}

/// Reads a member that may be missing.
/// - Returns: `nil` if it is there and malformed, and `.some(nil)` if it is missing.
private func optional<Value>(_ member: JSONValue?, _ read: (JSONValue) -> Value?) -> Value?? {
    guard let member else { return .some(nil) }
    return read(member).map { .some($0) }
}

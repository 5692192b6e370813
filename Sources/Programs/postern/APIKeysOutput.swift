import APIKeys
import Bytes
import Platform
import Web

extension APIKeyListing {
    /// The key as a line for people.
    var text: String {
        guard let details else { return "\(id)  does not work: \(unreadable(sealedBy))" }
        var parts = [id, details.grant.name, details.grant.scopes.map(\.text).joined(separator: ",")]
        parts.append("created \(CivilTime(details.created).rfc3339)")
        parts.append(lastRequest.map { "last request \(CivilTime($0).rfc3339)" } ?? "no request yet")
        parts.append(details.grant.expires.map { "expires \(CivilTime($0).rfc3339)" } ?? "does not expire")
        parts.append("encrypted with \(sealedBy)")
        return parts.joined(separator: "  ")
    }

    /// The key as a JSON object.
    var json: String {
        var json = JSONWriter()
        json.member("id", id)
        if let details {
            json.member("name", details.grant.name)
            json.member("scopes", details.grant.scopes.map(\.text))
            json.member("created", CivilTime(details.created).rfc3339)
            if let expires = details.grant.expires { json.member("expires", CivilTime(expires).rfc3339) }
        }
        if let lastRequest { json.member("last_request", CivilTime(lastRequest).rfc3339) }
        json.member("secret_key", sealedBy)
        json.member("works", details != nil)
        return String(decoding: json.finish(), as: UTF8.self)
    }
}

extension AuditLine {
    /// The entry as a line for people.
    var text: String {
        guard let entry else { return "\(CivilTime(time).rfc3339)  \(unreadable(sealedBy))" }
        var parts = [CivilTime(entry.time).rfc3339, entry.event.rawValue]
        let members: [(String, String?)] = [
            ("key", entry.keyID), ("name", entry.keyName), ("by", entry.actor), ("client", entry.client),
            ("scope", entry.scope), ("reason", entry.reason),
        ]
        for case (let name, let value?) in members { parts.append("\(name) \(value)") }
        return parts.joined(separator: "  ")
    }

    /// The entry as a JSON object.
    var json: String {
        var json = JSONWriter()
        json.member("time", CivilTime(entry?.time ?? time).rfc3339)
        if let entry {
            json.member("event", entry.event.rawValue)
            entry.writeMembers(to: &json)
        }
        json.member("secret_key", sealedBy)
        return String(decoding: json.finish(), as: UTF8.self)
    }
}

/// The reason why a sealed value cannot be opened, for people.
private func unreadable(_ key: String) -> String {
    "it was encrypted with \(withoutControlCharacters(key)), which is not in POSTERN_SECRET_KEYS or differs, or it was "
        + "changed"
}

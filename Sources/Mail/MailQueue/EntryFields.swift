import Bytes
import Redis

/// The fields of a stream entry.
struct EntryFields {
    private var values: [String: [UInt8]] = [:]

    /// - Parameter list: names and values alternately, as in Redis' reply.
    init(_ list: [RESPValue]) {
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            guard case .bulk(let name) = list[index], case .bulk(let value) = list[index + 1] else { continue }
            values[String(decoding: name, as: UTF8.self)] = value
        }
    }

    subscript(name: String) -> String? { values[name].map { String(decoding: $0, as: UTF8.self) } }

    /// The job in the entry, or `nil` if there is none.
    ///
    /// The job's id and the key's id are checked, because both become parts of a retry, whose parts are separated by
    /// spaces.
    var job: SealedMailJob? {
        guard let version = EntryFields.versions[self["v"] ?? ""], let id = self["id"], let key = self["key"],
            let box = values["job"], EntryFields.isName(id), EntryFields.isName(key)
        else { return nil }
        return SealedMailJob(version: version, id: id, keyID: key, box: box)
    }

    /// The versions of jobs that are read.
    private static let versions = ["1": 1, "2": 2]

    /// Whether the entry has a version that is not read.
    var isOfOtherVersion: Bool { self["v"].map { EntryFields.versions[$0] == nil } ?? false }

    /// The priority of a dead letter's job: high unless the entry has another.
    var priority: MailPriority { self["priority"].flatMap(MailPriority.init(rawValue:)) ?? .high }

    var holdsJob: Bool { values["job"] != nil }

    /// The number of delivery attempts, or `nil` if the field is missing or not a number. Limited to 0 to 1,000,000,
    /// because anyone with write access to Redis can set it.
    var attempts: Int? { self["attempts"].flatMap { Int($0) }.map { min(max($0, 0), 1_000_000) } }

    /// 1 to 64 visible ASCII characters.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.isVisibleASCII
    }
}

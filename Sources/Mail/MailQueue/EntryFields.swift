import Bytes
import Redis

/// The fields of a stream's entry.
struct EntryFields {
    private var values: [String: [UInt8]] = [:]

    /// - Parameter list: names and values by turns, as Redis gives them.
    init(_ list: [RESPValue]) {
        for index in stride(from: 0, to: list.count - 1, by: 2) {
            guard case .bulk(let name) = list[index], case .bulk(let value) = list[index + 1] else { continue }
            values[String(decoding: name, as: UTF8.self)] = value
        }
    }

    subscript(name: String) -> String? { values[name].map { String(decoding: $0, as: UTF8.self) } }

    /// The job of version 1 that the entry holds; `nil` where it holds none.
    ///
    /// Id and key are checked, since they become parts of a retry: a blank in them would tear that apart.
    var job: SealedMailJob? {
        guard self["v"] == "1", let id = self["id"], let key = self["key"], let box = values["job"],
            EntryFields.isName(id), EntryFields.isName(key)
        else { return nil }
        return SealedMailJob(id: id, keyID: key, box: box)
    }

    /// Whether the entry says that it is of another version than 1.
    var isOfOtherVersion: Bool { self["v"].map { $0 != "1" } ?? false }

    var holdsJob: Bool { values["job"] != nil }

    /// Within reason, since anybody who can write to Redis can write this.
    var attempts: Int? { self["attempts"].flatMap { Int($0) }.map { min(max($0, 0), 1_000_000) } }

    /// 1 to 64 visible ASCII characters.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.isVisibleASCII
    }
}

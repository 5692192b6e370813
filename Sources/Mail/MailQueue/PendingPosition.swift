/// A place in the list of the jobs that a worker has claimed and not ended.
package struct PendingPosition: Sendable, Equatable {
    /// As a range of XPENDING begins.
    let text: String

    private init(text: String) {
        self.text = text
    }

    /// Behind an entry.
    init(behind entry: String) {
        self.init(text: "(\(entry)")
    }

    /// Before all of them.
    package static let start = PendingPosition(text: "-")
}

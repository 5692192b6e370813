/// A job that this worker has claimed. It belongs to this worker until its outcome is recorded, or until another worker
/// reclaims it because this one was idle for too long.
package struct ClaimedJob: Sendable, Equatable {
    /// The priority, which names the stream of the entry.
    package let priority: MailPriority
    /// The stream entry's id.
    package let entry: String
    /// The job in the entry, or `nil` if the entry is not a job of a version that this worker knows.
    package let job: SealedMailJob?
    /// Whether the entry has a version that this worker does not know.
    package let isOfOtherVersion: Bool
    /// The number of delivery attempts made before this claim.
    package let attempts: Int
    /// The number of times that the entry was claimed, this time included: more than 1 after a worker failed to record
    /// an outcome.
    package let claims: Int

    /// The name of the entry among those of all streams.
    package var key: String { ClaimedJob.key(of: entry, priority) }

    static func key(of entry: String, _ priority: MailPriority) -> String { "\(priority.rawValue) \(entry)" }

    /// Creates a claimed job from its parts.
    package init(
        priority: MailPriority = .high, entry: String, job: SealedMailJob?, isOfOtherVersion: Bool = false,
        attempts: Int, claims: Int
    ) {
        self.priority = priority
        self.entry = entry
        self.job = job
        self.isOfOtherVersion = isOfOtherVersion
        self.attempts = attempts
        self.claims = claims
    }
}

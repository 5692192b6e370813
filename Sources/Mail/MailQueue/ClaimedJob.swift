/// A job that this worker has taken from the stream, and that is its own until it is settled, put off or given up; or
/// until the worker has not been heard of for too long.
package struct ClaimedJob: Sendable, Equatable {
    /// The stream entry's id.
    package let entry: String
    /// What the entry holds; `nil` where it is not a job of version 1.
    package let job: SealedMailJob?
    /// Whether the entry is of a version that this worker does not know.
    package let isOfOtherVersion: Bool
    /// How many attempts to deliver it were made before.
    package let attempts: Int
    /// How often the entry was claimed, this time included: more than once where a worker died with it.
    package let claims: Int

    /// A job as it was claimed.
    package init(
        entry: String, job: SealedMailJob?, isOfOtherVersion: Bool = false, attempts: Int, claims: Int
    ) {
        self.entry = entry
        self.job = job
        self.isOfOtherVersion = isOfOtherVersion
        self.attempts = attempts
        self.claims = claims
    }
}

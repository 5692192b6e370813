/// A dead letter: a job that failed for good.
package struct DeadLetter: Sendable {
    /// The stream entry's id.
    let entry: String
    /// The job's id, or `unknown` if the entry has none.
    package let id: String
    /// The priority of the job.
    package let priority: MailPriority
    /// The raw value of a ``DeadLetterCause/Reason``, a reason of a later version, or `unknown` if the entry has none.
    package let reason: String
    /// The number of delivery attempts made.
    package let attempts: Int
    /// The last reply's SMTP code or HTTP status, or `nil` if there was no reply.
    package let replyCode: Int?
    /// The last reply's enhanced status code (RFC 3463), or `nil` if it had none.
    package let enhancedStatus: String?
    /// The time of dead-lettering, in Unix milliseconds by Redis' clock.
    package let time: Int
    /// Whether the entry holds the sealed job, so that it can be requeued.
    package let holdsJob: Bool

    init(_ entry: QueuePages.Entry) {
        self.entry = entry.id
        id = entry.fields["id"] ?? "unknown"
        priority = entry.fields.priority
        reason = entry.fields["reason"] ?? "unknown"
        attempts = entry.fields.attempts ?? 0
        replyCode = entry.fields["code"].flatMap { Int($0) }
        enhancedStatus = entry.fields["status"]
        time = entry.time ?? 0
        holdsJob = entry.fields.holdsJob
    }
}

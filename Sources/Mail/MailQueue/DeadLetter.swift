/// A job that was given up.
package struct DeadLetter: Sendable {
    /// The id of its entry.
    let entry: String
    /// The job's id, or `unknown`.
    package let id: String
    /// A ``DeadLetterCause/Reason``, or another that a later version gave.
    package let reason: String
    /// How many attempts to deliver it were made.
    package let attempts: Int
    /// The last reply's code, of SMTP or HTTP.
    package let replyCode: Int?
    /// The last reply's enhanced status code (RFC 3463).
    package let enhancedStatus: String?
    /// When it was given up, in Unix milliseconds by Redis' clock.
    package let time: Int
    /// Whether the job was kept, sealed, so that it can be tried again.
    package let isKept: Bool

    init(_ entry: QueuePages.Entry) {
        self.entry = entry.id
        id = entry.fields["id"] ?? "unknown"
        reason = entry.fields["reason"] ?? "unknown"
        attempts = entry.fields.attempts ?? 0
        replyCode = entry.fields["code"].flatMap { Int($0) }
        enhancedStatus = entry.fields["status"]
        time = entry.time ?? 0
        isKept = entry.fields.holdsJob
    }
}

/// The reason for dead-lettering a job, with the details that are stored with it.
package struct DeadLetterCause: Sendable, Equatable {
    /// A reason for which a job's email will not be delivered. The raw value is stored in Redis.
    package enum Reason: String, Sendable, CaseIterable {
        /// The link expired before its email could be delivered.
        case expired
        /// The mail server refused the email permanently.
        case rejected
        /// The server's final reply was lost at the last attempt allowed, so the email may have been delivered.
        case unconfirmed
        /// Too many workers claimed the job without recording an outcome.
        case poison
        /// The entry does not hold a job that this deployment's keys open.
        case unreadable
        /// The worker has no template of the name in the job.
        case unknownTemplate = "unknown_template"
        /// The job lacks a value or a secret that its template needs.
        case missingValue = "missing_value"
    }

    /// The reason.
    package var reason: Reason
    /// The number of delivery attempts made.
    package var attempts: Int
    /// The last reply's SMTP code or HTTP status, or `nil` if there was no reply.
    package var replyCode: Int?
    /// The last reply's enhanced status code (RFC 3463), such as `5.1.1`; `nil` if it had none.
    package var enhancedStatus: String?

    /// Creates a cause, with the details of the last reply if there was one.
    package init(reason: Reason, attempts: Int, replyCode: Int? = nil, enhancedStatus: String? = nil) {
        self.reason = reason
        self.attempts = attempts
        self.replyCode = replyCode
        self.enhancedStatus = enhancedStatus
    }
}

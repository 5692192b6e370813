/// Why a job was given up, and what is kept of it.
package struct DeadLetterCause: Sendable, Equatable {
    /// Why no mail will be delivered.
    package enum Reason: String, Sendable, CaseIterable {
        /// The link could not be delivered while it was alive.
        case expired
        /// The mail server refused it for good.
        case rejected
        /// It was sent again and again, and each time the server's reply was lost: it may have been delivered.
        case unconfirmed
        /// Worker after worker took it and was not heard of again.
        case poison
        /// It is not a job, or not one of this deployment.
        case unreadable
    }

    /// Why.
    package var reason: Reason
    /// How many attempts to deliver it were made.
    package var attempts: Int
    /// The last reply's code, of SMTP or HTTP.
    package var replyCode: Int?
    /// The last reply's enhanced status code (RFC 3463), such as `5.1.1`.
    package var enhancedStatus: String?

    /// An end, with the last reply where there was one.
    package init(reason: Reason, attempts: Int, replyCode: Int? = nil, enhancedStatus: String? = nil) {
        self.reason = reason
        self.attempts = attempts
        self.replyCode = replyCode
        self.enhancedStatus = enhancedStatus
    }
}

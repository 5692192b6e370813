public import SignIn

/// A job that this worker has taken from the stream, and that is its own until it is settled, put off or given up; or
/// until the worker has not been heard of for too long.
public struct ClaimedJob: Sendable, Equatable {
    /// The stream entry's id.
    public let entry: String
    /// What the entry holds; `nil` where it is not a job of version 1.
    public let job: SealedMailJob?
    /// Whether the entry is of a version that this worker does not know.
    public let isOfOtherVersion: Bool
    /// How many attempts to deliver it were made before.
    public let attempts: Int
    /// How often the entry was claimed, this time included: more than once where a worker died with it.
    public let claims: Int

    /// A job as it was claimed.
    public init(
        entry: String, job: SealedMailJob?, isOfOtherVersion: Bool = false, attempts: Int, claims: Int
    ) {
        self.entry = entry
        self.job = job
        self.isOfOtherVersion = isOfOtherVersion
        self.attempts = attempts
        self.claims = claims
    }
}

/// Why a job was given up, and what is kept of it.
public struct GivenUp: Sendable, Equatable {
    /// Why no mail will be delivered.
    public enum Reason: String, Sendable, CaseIterable {
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
    public var reason: Reason
    /// How many attempts to deliver it were made.
    public var attempts: Int
    /// The last reply's code, of SMTP or HTTP.
    public var replyCode: Int?
    /// The last reply's enhanced status code (RFC 3463), such as `5.1.1`.
    public var enhancedStatus: String?

    /// An end, with the last reply where there was one.
    public init(reason: Reason, attempts: Int, replyCode: Int? = nil, enhancedStatus: String? = nil) {
        self.reason = reason
        self.attempts = attempts
        self.replyCode = replyCode
        self.enhancedStatus = enhancedStatus
    }
}

/// The queue of mail jobs in numbers.
public struct QueueOverview: Sendable {
    /// A worker of the group that was given jobs; it may be gone by now.
    public struct Worker: Sendable {
        /// The name that it gave itself: host, process and a random part.
        public let name: String
        /// How many jobs it has claimed and not ended.
        public let pending: Int
        /// How long ago it was given jobs.
        public let idle: Duration
    }

    /// How many jobs are in the stream, those being delivered included.
    public let length: Int
    /// How long the oldest of them has been there; `nil` where there is none.
    public let oldestAge: Duration?
    /// The workers of the group that were given jobs.
    public let workers: [Worker]
    /// How many jobs wait for another attempt.
    public let retries: Int
    /// How many of those are due.
    public let retriesDue: Int
    /// How many jobs were given up and are kept, by reason.
    public let deadByReason: [String: Int]

    /// How many jobs were given up and are kept.
    public var dead: Int { deadByReason.values.reduce(0, +) }
}

/// A job that was given up.
public struct DeadJob: Sendable {
    /// The id of its entry.
    let entry: String
    /// The job's id, or `unknown`.
    public let id: String
    /// A ``GivenUp/Reason``, or another that a later version gave.
    public let reason: String
    /// How many attempts to deliver it were made.
    public let attempts: Int
    /// The last reply's code, of SMTP or HTTP.
    public let replyCode: Int?
    /// The last reply's enhanced status code (RFC 3463).
    public let enhancedStatus: String?
    /// When it was given up, in Unix milliseconds by Redis' clock.
    public let time: Int
    /// Whether the job was kept, sealed, so that it can be tried again.
    public let isKept: Bool

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

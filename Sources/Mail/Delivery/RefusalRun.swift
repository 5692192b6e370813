/// The refusals in a row that may be due to this client rather than to the email, and the judgement on each.
///
/// Reply codes alone do not tell. So a refusal of unclear subject counts against its email only if something else shows
/// that this client is served: an email that was accepted meanwhile, or that nobody else is refused during several
/// attempts. If several different recipients are refused in a row, the client is.
struct RefusalRun: Sendable {
    /// The judgement on a refused job.
    enum Verdict: Equatable {
        /// The email is refused, and its job becomes a dead letter.
        case deadLetter
        /// It is open who is refused: the job is tried again by the schedule, and the attempt counts.
        case retry
        /// This client is refused: the job waits, and the attempt does not count.
        case clientRefused
    }

    /// The number of different recipients in a row whose refusals mean that the client is refused.
    static let threshold = 3
    /// The number of attempts after which a job is dead-lettered, if an email to another recipient was accepted meanwhile.
    private static let confirmedAttempts = 2
    /// The number of attempts after which a job is dead-lettered, if no other recipient was refused.
    private static let loneAttempts = 4
    private static let maximumJobCount = 1000

    /// The first of the recipients refused since the last accepted email, up to the threshold.
    private var recipients: Set<String> = []
    private var lastSuccess: ContinuousClock.Instant?
    /// The times at which jobs were first refused, by their ids.
    private var firstRefusals = RecentTable<String, ContinuousClock.Instant>(maximumCount: RefusalRun.maximumJobCount)

    /// Records that an email was accepted.
    mutating func succeeded(at now: ContinuousClock.Instant) {
        if !recipients.isEmpty { recipients = [] }
        lastSuccess = now
    }

    /// Records a refusal, and judges it.
    /// - Parameters:
    ///   - job: the id of the job.
    ///   - recipient: one of its recipients.
    ///   - isClear: whether the reply says that it is about the client.
    ///   - attempts: the number of attempts to deliver the job that count, this one included.
    mutating func refused(
        _ job: String, to recipient: String, isClear: Bool, attempts: Int, at now: ContinuousClock.Instant
    ) -> Verdict {
        if recipients.count < RefusalRun.threshold { recipients.insert(recipient) }
        if recipients.count >= RefusalRun.threshold { return .clientRefused }
        if isClear { return .retry }
        if recipients.count == 1, attempts >= RefusalRun.loneAttempts { return .deadLetter }
        guard let first = firstRefusals[job] else {
            firstRefusals[job] = now
            return .retry
        }
        if let lastSuccess, lastSuccess > first, attempts >= RefusalRun.confirmedAttempts { return .deadLetter }
        return .retry
    }
}

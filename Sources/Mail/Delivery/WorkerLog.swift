import Cryptography
import Logging
import MailMessage
import MailQueue
import Net
import Platform
import Redis

/// What a worker writes about its jobs: never an address, a link, or a server's words, which may repeat an address.
struct WorkerLog: Sendable {
    let logger: Logger

    /// An attempt to deliver a job has ended.
    func attempted(_ claimed: ClaimedJob, _ outcome: DeliveryOutcome, after duration: Duration) {
        var metadata: Logger.Metadata = [
            "job": "\(claimed.job?.id ?? "unknown")", "attempt": "\(claimed.attempts + 1)",
            "ms": "\(duration.milliseconds)",
        ]
        metadata["outcome"] = "\(outcome.name)"
        if let failure = outcome.failure { metadata["code"] = "\(failure.code.rawValue)" }
        if let reply = outcome.reply { metadata["reply"] = "\(reply)" }
        logger.log(level: outcome.failure == nil ? .info : .notice, "mail_attempt", metadata: metadata)
    }

    /// A job will not be delivered.
    func deadLettered(_ claimed: ClaimedJob, _ end: DeadLetterCause) {
        var metadata: Logger.Metadata = [
            "job": "\(claimed.job?.id ?? "unknown")", "entry": "\(claimed.entry)", "reason": "\(end.reason.rawValue)",
            "attempts": "\(end.attempts)",
        ]
        if let code = end.replyCode {
            metadata["reply"] = "\(Reply(code: code, enhancedStatus: end.enhancedStatus))"
        }
        logger.warning("mail_dead_lettered", metadata: metadata)
    }

    /// A job does not open.
    func unreadable(_ id: String, _ error: CryptoError) {
        logger.error("mail_unreadable", metadata: ["job": "\(id)", "reason": "\(error)"])
    }

    /// A job stays as it is, for another worker to take over.
    func released(_ claimed: ClaimedJob, _ reason: String) {
        logger.warning(
            "mail_released",
            metadata: ["job": "\(claimed.job?.id ?? "unknown")", "entry": "\(claimed.entry)", "reason": "\(reason)"])
    }

    /// The end of a job could not be written down at once; that is tried again and again.
    func outcomeNotRecorded(_ claimed: ClaimedJob, _ error: RedisError) {
        logger.warning(
            "mail_outcome_not_recorded", metadata: ["job": "\(claimed.job?.id ?? "unknown")", "reason": "\(error)"])
    }

    /// The mail server serves nobody: for a while nothing is claimed.
    func paused(for pause: Duration, _ failure: DeliveryFailure) {
        var metadata: Logger.Metadata = [
            "code": "\(failure.code.rawValue)", "pause_ms": "\(pause.milliseconds)",
        ]
        if let reply = failure.reply { metadata["reply"] = "\(reply)" }
        logger.error("mail_server_unavailable", metadata: metadata)
    }

    /// It serves again.
    func resumed() {
        logger.notice("mail_server_available")
    }
}

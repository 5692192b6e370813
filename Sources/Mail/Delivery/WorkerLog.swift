import Cryptography
import Logging
import MailMessage
import MailQueue
import Platform
import Redis

/// The log events of a worker. They never contain an address or a link. Of a mail server's text they contain only the
/// words of ``DeliveryFailure/words``, since it can repeat an address.
struct WorkerLog: Sendable {
    let logger: Logger

    /// Logs the outcome of a delivery attempt.
    func attempted(_ claimed: ClaimedJob, _ job: MailJob, _ outcome: DeliveryOutcome, after duration: Duration) {
        var metadata: Logger.Metadata = [
            "job": "\(claimed.job?.id ?? "unknown")", "attempt": "\(claimed.attempts + 1)",
            "ms": "\(duration.milliseconds)",
        ]
        metadata["outcome"] = "\(outcome.name)"
        if let failure = outcome.failure { metadata["code"] = "\(failure.code.rawValue)" }
        if let reply = outcome.reply { metadata["reply"] = "\(reply)" }
        if case .partial(let partial) = outcome {
            metadata["refused"] = "\(partial.refusedCount)"
            metadata["recipients"] = "\((job.remaining ?? job.recipients).count)"
        }
        if !job.tags.isEmpty { metadata["tags"] = "\(job.tags.joined(separator: ","))" }
        logger.log(level: outcome.failure == nil ? .info : .notice, "mail_attempt", metadata: metadata)
    }

    /// Logs that a job was dead-lettered.
    func deadLettered(_ claimed: ClaimedJob, _ cause: DeadLetterCause) {
        var metadata: Logger.Metadata = [
            "job": "\(claimed.job?.id ?? "unknown")", "entry": "\(claimed.entry)", "reason": "\(cause.reason.rawValue)",
            "attempts": "\(cause.attempts)",
        ]
        if let code = cause.replyCode {
            metadata["reply"] = "\(Reply(code: code, enhancedStatus: cause.enhancedStatus))"
        }
        logger.warning("mail_dead_lettered", metadata: metadata)
    }

    /// Logs that a job could not be opened.
    func unreadable(_ id: String, _ error: CryptoError) {
        logger.error("mail_unreadable", metadata: ["job": "\(id)", "reason": "\(error)"])
    }

    /// Logs that a job does not open with this worker's keys, and is kept: at its first job, and at each pause.
    /// - Parameter pause: the time for which the worker now pauses; `nil` if it does not.
    func keyDiffers(_ keyID: String, _ error: CryptoError, _ pause: Duration?) {
        let reason =
            if case .unknownKey = error { "POSTERN_SECRET_KEYS of this worker lacks the key \(keyID)" } else {
                "POSTERN_SECRET_KEYS of this worker has another key \(keyID) than what queued the email"
            }
        var metadata: Logger.Metadata = ["key": "\(keyID)", "reason": "\(reason)"]
        if let pause { metadata["pause_ms"] = "\(pause.milliseconds)" }
        logger.error("secret_key_differs", metadata: metadata)
    }

    /// Logs that a job has no message.
    func notRendered(_ claimed: ClaimedJob, _ error: RenderError) {
        logger.error(
            "mail_not_rendered", metadata: ["job": "\(claimed.job?.id ?? "unknown")", "reason": "\(error)"])
    }

    /// Logs that a job is left for another worker to reclaim.
    func released(_ claimed: ClaimedJob, _ reason: String) {
        logger.warning(
            "mail_released",
            metadata: ["job": "\(claimed.job?.id ?? "unknown")", "entry": "\(claimed.entry)", "reason": "\(reason)"])
    }

    /// Logs that an outcome was not recorded at the first attempt, which is retried.
    func outcomeNotRecorded(_ claimed: ClaimedJob, _ error: RedisError) {
        logger.warning(
            "mail_outcome_not_recorded", metadata: ["job": "\(claimed.job?.id ?? "unknown")", "reason": "\(error)"])
    }

    /// Logs that the mail server is unavailable, so that no jobs are claimed during a pause.
    func paused(for pause: Duration, _ failure: DeliveryFailure) {
        var metadata: Logger.Metadata = [
            "code": "\(failure.code.rawValue)", "pause_ms": "\(pause.milliseconds)",
        ]
        if let reply = failure.reply { metadata["reply"] = "\(reply)" }
        if let words = failure.words { metadata["words"] = "\(words)" }
        logger.error("mail_server_unavailable", metadata: metadata)
    }

    /// Logs that the mail server is available again.
    func resumed() {
        logger.notice("mail_server_available")
    }
}

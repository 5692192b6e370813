import Cryptography
import MailQueue
import Net
import Synchronization

/// The state that a worker derives from the outcomes of its deliveries: whether the mail server is available, and
/// whether it serves this client.
final class DeliveryHealth: Sendable {
    private struct State {
        var breaker = Breaker()
        var run = RefusalRun()
        /// The ids of keys that have opened a job.
        var openedKeys: Set<String> = []
    }

    private let state = Mutex(State())
    private let log: WorkerLog

    init(log: WorkerLog) {
        self.log = log
    }

    /// The jobs that may currently be claimed.
    var permission: Breaker.Permission { state.withLock { $0.breaker.permission(at: .now) } }

    /// The time that is left of a pause; zero if there is none.
    var pauseLeft: Duration { state.withLock { $0.breaker.pauseLeft(at: .now) } }

    /// Records that a key has opened a job.
    func opened(with keyID: String) {
        state.withLock { state in
            // Only keys of this process open anything, so there are few.
            if !state.openedKeys.contains(keyID) { state.openedKeys.insert(keyID) }
        }
    }

    /// Whether a key has opened a job.
    func hasOpened(with keyID: String) -> Bool { state.withLock { $0.openedKeys.contains(keyID) } }

    /// Records that a job did not open. Several in a row pause the worker.
    func notOpened(with keyID: String, _ error: CryptoError) {
        let pause = state.withLock { $0.breaker.failed(at: .now, jitter: .random(in: 0...1)) }
        log.keyDiffers(keyID, error, pause)
    }

    /// Records that the server serves this client up to the recipient.
    func lived() {
        if state.withLock({ $0.breaker.lived() }) { log.resumed() }
    }

    /// Records what an outcome says of the server.
    /// - Parameter isDelivered: whether the server accepted the message for a recipient.
    func note(_ outcome: DeliveryOutcome, isDelivered: Bool) {
        if isDelivered {
            let hasClosed = state.withLock { state in
                state.run.succeeded(at: .now)
                return state.breaker.succeeded()
            }
            if hasClosed { log.resumed() }
            return
        }
        switch outcome {
        // A server that answered an email, or had accepted its sender, is available.
        case .delivered, .partial, .permanent: lived()
        case .transient(let failure), .ambiguous(let failure), .unavailable(let failure):
            if failure.stage == .email || failure.stage == .sender && failure.subject != .client && failure.reply != nil
            {
                return lived()
            }
            let pause = state.withLock { $0.breaker.failed(at: .now, jitter: .random(in: 0...1)) }
            if let pause { log.paused(for: pause, failure) }
        }
    }

    /// Records that the server gave no reply to a complete message.
    /// - Returns: whether the same happened to several other recipients in a row.
    func noteUnconfirmed(_ job: MailJob, _ failure: DeliveryFailure) -> Bool {
        // A server that had not accepted a sender counts as unavailable already.
        guard failure.stage == .email else { return false }
        return record(job, isClear: true, attempts: 1, failure) == .clientRefused
    }

    /// Judges a refusal that may not be due to the email, and records it.
    /// - Parameter attempts: the number of attempts to deliver the job that count, this one included.
    func judge(_ job: MailJob, attempts: Int, _ failure: DeliveryFailure) -> RefusalRun.Verdict {
        record(job, isClear: failure.subject == .client, attempts: attempts, failure)
    }

    private func record(
        _ job: MailJob, isClear: Bool, attempts: Int, _ failure: DeliveryFailure
    ) -> RefusalRun.Verdict {
        let (verdict, pause) = state.withLock { state -> (RefusalRun.Verdict, Duration?) in
            let recipient = (job.remaining ?? job.recipients).first?.text ?? ""
            let verdict = state.run.refused(job.id, to: recipient, isClear: isClear, attempts: attempts, at: .now)
            guard verdict == .clientRefused else { return (verdict, nil) }
            return (verdict, state.breaker.refused(at: .now, jitter: .random(in: 0...1)))
        }
        if let pause { log.paused(for: pause, failure) }
        return verdict
    }
}

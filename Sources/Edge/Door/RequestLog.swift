import Logging
import Secrets
import SignIn
import Store

/// What is written about one request: never an address, a token or a link.
struct RequestLog: Sendable {
    private let logger: Logger
    private let outages: OutageLog
    private let id: RequestID

    /// - Parameter metadata: what the host calls the request.
    init(logger: Logger, outages: OutageLog, id: RequestID, metadata: [String: String] = [:]) {
        var logger = logger
        for (name, value) in metadata { logger[metadataKey: name] = "\(value)" }
        self.logger = logger
        self.outages = outages
        self.id = id
    }

    /// The request was answered.
    /// - Parameter path: where it led; `nil` for nowhere, as such a path may hold anything.
    func answered(_ request: Request, path: String?, _ status: Status, after duration: Duration) {
        logger.debug(
            "request",
            metadata: [
                "request_id": "\(id.text)", "method": "\(request.method.name)", "path": "\(path ?? "unknown")",
                "status": "\(status.rawValue)", "us": "\(duration.microseconds)",
            ])
    }

    func limited(by limit: Admission.Limit) {
        logger.info("rate_limited", metadata: ["request_id": "\(id.text)", "limit": "\(limit)"])
    }

    /// Redis or the queue does not serve for now: the first request to find out says so, and then one in ten seconds.
    func unavailable(_ reason: String) {
        guard outages.mayReport(reason) else { return }
        logger.warning("service_unavailable", metadata: ["request_id": "\(id.text)", "reason": "\(reason)"])
    }

    /// What a request is answered whose call of the store failed, which is written down.
    func refusal(for error: StoreError) -> Refusal {
        guard case .unavailable(let error) = error else {
            failed(error)
            return .internalError
        }
        unavailable("\(error)")
        return .serviceUnavailable(retryAfter: .seconds(1))
    }

    /// What `body` makes of secrets; where it fails, the request is answered so, and it is written down.
    func wrapping<Value>(_ body: () throws(SecretsError) -> Value) throws(Refusal) -> Value {
        do {
            return try body()
        } catch {
            throw refusal(for: .secrets(error))
        }
    }

    /// What a request is answered for which there is no room, which is written down.
    func refusalOfFullQueue() -> Refusal {
        unavailable("the mail queue is full: are senders running?")
        return .serviceUnavailable(retryAfter: .seconds(30))
    }

    /// Something that should not happen did.
    func failed(_ error: any Error) {
        logger.error("internal_error", metadata: ["request_id": "\(id.text)", "reason": "\(error)"])
    }
}

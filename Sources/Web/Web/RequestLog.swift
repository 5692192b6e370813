import Logging
import Platform

/// What is written about one request: never an address, a token or a link.
package struct RequestLog: Sendable {
    private let logger: Logger
    private let outages: OutageLog
    private let id: RequestID

    /// - Parameter metadata: what the host calls the request.
    package init(logger: Logger, outages: OutageLog, id: RequestID, metadata: [String: String] = [:]) {
        var logger = logger
        for (name, value) in metadata { logger[metadataKey: name] = "\(value)" }
        self.logger = logger
        self.outages = outages
        self.id = id
    }

    /// The request was answered.
    /// - Parameter path: where it led; `nil` for nowhere, as such a path may hold anything.
    package func answered(_ request: Request, path: String?, _ status: Status, after duration: Duration) {
        logger.debug(
            "request",
            metadata: [
                "http_request_id": "\(id.text)", "method": "\(request.method.name)", "path": "\(path ?? "unknown")",
                "status": "\(status.rawValue)", "us": "\(duration.microseconds)",
            ])
    }

    package func limited(by limit: String) {
        logger.info("rate_limited", metadata: ["http_request_id": "\(id.text)", "limit": "\(limit)"])
    }

    /// Redis or the queue does not serve for now: the first request to find out says so, and then one in ten seconds.
    package func unavailable(_ reason: String) {
        guard outages.mayReport(reason) else { return }
        logger.warning("service_unavailable", metadata: ["http_request_id": "\(id.text)", "reason": "\(reason)"])
    }

    /// Something that should not happen did.
    package func failed(_ error: any Error) {
        logger.error("internal_error", metadata: ["http_request_id": "\(id.text)", "reason": "\(error)"])
    }
}

import Logging
import Platform
import Redis

/// The log of one request. It never contains an address, a token or a link.
package struct RequestLog: Sendable {
    private let logger: Logger
    private let outages: OutageLog
    private let id: RequestID

    /// - Parameter metadata: the host's ids for the request, which are added to each line.
    package init(logger: Logger, outages: OutageLog, id: RequestID, metadata: [String: String] = [:]) {
        var logger = logger
        for (name, value) in metadata { logger[metadataKey: name] = "\(value)" }
        self.logger = logger
        self.outages = outages
        self.id = id
    }

    /// Logs that the request was answered.
    /// - Parameter path: the path, if it has a route; otherwise `nil`, because it may contain anything.
    package func answered(_ request: Request, path: String?, _ status: Status, after duration: Duration) {
        logger.debug(
            "request",
            metadata: [
                "http_request_id": "\(id.text)", "method": "\(request.method.name)", "path": "\(path ?? "unknown")",
                "status": "\(status.rawValue)", "us": "\(duration.microseconds)",
            ])
    }

    /// Logs an event of a feature that has to be found later, such as after a leak.
    /// - Parameters:
    ///   - name: words joined by underscores.
    ///   - metadata: no address, token or link.
    package func notice(_ name: String, _ metadata: [String: String]) {
        var all: Logger.Metadata = ["http_request_id": "\(id.text)"]
        for (key, value) in metadata { all[key] = "\(value)" }
        logger.notice("\(name)", metadata: all)
    }

    /// Logs that a rate limit refused the request.
    package func limited(by limit: String) {
        logger.info("rate_limited", metadata: ["http_request_id": "\(id.text)", "limit": "\(limit)"])
    }

    /// Logs that more than half of a limit of the whole deployment is used, at most once in a minute for each limit.
    /// - Parameter left: the tokens that are left.
    package func pressed(_ limit: Limit, left: Int) {
        guard outages.mayReport(limit.setting, every: .seconds(60)) else { return }
        logger.warning(
            "deployment_limit_pressed",
            metadata: ["limit": "\(limit.name)", "setting": "\(limit.setting)", "left": "\(left)"])
    }

    /// Logs that `X-Forwarded-For` of proxies in a network is ignored.
    package func untrustedProxy(in network: String) {
        logger.warning(
            "proxy_not_trusted", metadata: ["network": "\(network)", "setting": "POSTERN_TRUSTED_PROXIES"])
    }

    /// Logs that the request's API key was refused.
    /// - Parameter caller: the key's id and name; `nil` if the key is unknown.
    package func refusedAPIKey(_ reason: String, _ caller: Caller?) {
        var metadata: Logger.Metadata = ["http_request_id": "\(id.text)", "reason": "\(reason)"]
        if let caller {
            metadata["api_key"] = "\(caller.id)"
            metadata["name"] = "\(caller.name)"
        }
        logger.notice("api_key_refused", metadata: metadata)
    }

    /// Logs that Redis or the mail queue is unavailable, at most once in ten seconds for each reason.
    package func unavailable(_ reason: String) {
        guard outages.mayReport(reason) else { return }
        logger.warning("service_unavailable", metadata: ["http_request_id": "\(id.text)", "reason": "\(reason)"])
    }

    /// Logs an unexpected error.
    package func failed(_ error: any Error) {
        logger.error("internal_error", metadata: ["http_request_id": "\(id.text)", "reason": "\(error)"])
    }
}

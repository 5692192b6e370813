import Logging
import Net
import Platform
import Redis

/// The log of one request. It never contains an address, a token or a link.
package struct RequestLog: Sendable {
    private let logger: Logger
    private let outages: OutageLog
    private let lines: BoundedLines
    private let id: RequestID

    /// - Parameters:
    ///   - lines: what bounds the lines that clients can cause.
    ///   - metadata: the host's ids for the request, which are added to each line.
    package init(
        logger: Logger, outages: OutageLog, lines: BoundedLines, id: RequestID, metadata: [String: String] = [:]
    ) {
        var logger = logger
        for (name, value) in metadata { logger[metadataKey: name] = "\(value)" }
        self.logger = logger
        self.outages = outages
        self.lines = lines
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

    /// Logs a step of a sign-in, at the level `info`.
    /// - Parameters:
    ///   - event: words joined by underscores.
    ///   - members: no address, token or link; not evaluated if the level is not logged.
    package func info(_ event: String, _ members: @autoclosure () -> KeyValuePairs<String, String>) {
        guard logger.logLevel <= .info else { return }
        logger.info("\(event)", metadata: RequestLog.metadata(members(), own))
    }

    /// Logs an event that clients can cause as often as they like, at the level `info`: once in a minute for each detail
    /// and network, with the number of those that were omitted afterwards.
    /// - Parameters:
    ///   - event: words joined by underscores.
    ///   - detail: what distinguishes events of that name.
    ///   - network: a network of the client; empty if any client's event is the same one.
    ///   - members: what all such events have in common; no address, token or link. Not evaluated if the level is not
    ///     logged.
    ///   - ownMembers: what only this event has.
    package func info(
        _ event: String, oncePer detail: String, in network: String,
        _ members: @autoclosure () -> KeyValuePairs<String, String>,
        own ownMembers: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        guard logger.logLevel <= .info else { return }
        lines.log(
            level: .info, event, about: detail, in: network, to: logger, RequestLog.metadata(members(), [:]),
            own: RequestLog.metadata(ownMembers(), own))
    }

    private static func metadata(
        _ members: KeyValuePairs<String, String>, _ own: Logger.Metadata
    ) -> Logger.Metadata {
        var metadata = own
        for (key, value) in members { metadata[key] = "\(value)" }
        return metadata
    }

    /// The metadata that only this request's lines have.
    private var own: Logger.Metadata { ["http_request_id": "\(id.text)"] }

    /// Logs that a rate limit refused the request: once in a minute for each limit and network of clients.
    package func limited(by limit: Limit, from client: ClientNetworks) {
        self.info(
            "rate_limited", oncePer: limit.name, in: client.bounded,
            ["limit": limit.name, "network": client.bounded])
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

    /// Logs that the request's API key was refused: once in a minute for each reason and key, or network of clients if
    /// the key is unknown.
    /// - Parameter caller: the key's id and name; `nil` if the key is unknown.
    package func refusedAPIKey(_ reason: String, _ caller: Caller?, from client: ClientNetworks) {
        var metadata: Logger.Metadata = ["reason": "\(reason)"]
        if let caller {
            metadata["api_key"] = "\(caller.id)"
            metadata["name"] = "\(caller.name)"
        }
        lines.log(
            level: .notice, "api_key_refused", about: "\(reason) \(caller?.id ?? "")",
            in: caller == nil ? client.bounded : "", to: logger, metadata, own: own)
    }

    /// Logs that Redis or the mail queue is unavailable, at most once in ten seconds for each reason.
    package func unavailable(_ reason: String) {
        guard outages.mayReport(reason) else { return }
        logger.warning("service_unavailable", metadata: ["http_request_id": "\(id.text)", "reason": "\(reason)"])
    }

    /// Logs an unexpected error: once in a minute for each reason.
    package func failed(_ error: any Error) {
        let reason = "\(error)"
        lines.log(
            level: .error, "internal_error", about: reason, to: logger, ["reason": "\(reason)"], own: own)
    }
}

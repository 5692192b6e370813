import Logging
import Net
import Platform
import Redis

/// Answers the requests of a program by its routes, and adds the fields that all responses have.
package final class HTTPService: Responder {
    private let table: RouteTable
    private let origins: OriginPolicy
    private let crossOrigin: CrossOrigin
    private let proxies: TrustedProxies
    private let health: Health
    private let metrics: HTTPMetrics
    private let languages: ErrorLanguages
    private let logger: Logger
    private let now: @Sendable () -> UnixTime
    private let authenticator: (any Authenticator)?
    private let untrustedProxies: UntrustedProxies
    private let outages = OutageLog()
    private let lines: BoundedLines

    /// - Parameters:
    ///   - routes: the routes of the program's features.
    ///   - words: the words of the features' errors.
    ///   - origins: the origins whose scripts may read responses, and send requests to routes for browsers.
    ///   - lines: what bounds the lines that clients can cause; those of a process share it.
    ///   - now: the wall clock.
    ///   - authenticator: the authenticator of requests to routes that require an API key; `nil` if there are none.
    package init(
        _ routes: [Route], words: [ErrorWordsFolder] = [], settings: WebSettings, origins: OriginPolicy,
        health: Health, metrics: HTTPMetrics, logger: Logger, lines: BoundedLines? = nil,
        now: @escaping @Sendable () -> UnixTime, authenticator: (any Authenticator)? = nil
    ) {
        precondition(
            authenticator != nil || !routes.contains { $0.guard.requiresAPIKey },
            "routes that require an API key need an authenticator")
        table = RouteTable(routes + health.routes, basePath: settings.basePath)
        self.origins = origins
        crossOrigin = CrossOrigin(policy: origins)
        proxies = settings.trustedProxies
        self.health = health
        self.metrics = metrics
        untrustedProxies = metrics.untrustedProxies
        languages = ErrorLanguages(words)
        self.logger = logger
        self.lines = lines ?? BoundedLines(logger)
        self.now = now
        self.authenticator = authenticator
    }

    /// Answers a request. Every error becomes a response.
    package func respond(to request: Request) async -> Response {
        let start = ContinuousClock.now
        let id = RequestID(given: request.fields.requestID)
        let log = RequestLog(
            logger: logger, outages: outages, lines: lines, id: id, metadata: request.logMetadata)
        let entry = table[request.path]
        var response: Response
        do throws(HTTPError) {
            guard let entry else { throw .notFound }
            let context = RequestContext(request, behind: proxies, log: log, now: now)
            if context.ignoredProxy != nil { untrustedProxies.notice(context) }
            response = try await respond(to: context, by: entry)
        } catch {
            response = self.response(to: error, request.fields)
        }
        finish(&response, for: entry?.isForServers == true ? nil : request.fields.origin, id)
        let duration = ContinuousClock.now - start
        metrics.answered(entry?.label ?? "other", response.status, after: duration)
        log.answered(request, path: entry == nil ? nil : request.path, response.status, after: duration)
        lines.finish()
        return response
    }

    /// The response to a request that the server refuses before the request is complete.
    /// - Parameter fields: the fields of the request that have been received.
    package func response(to error: HTTPError, fields: RequestFields = [:]) -> Response {
        var response = self.response(to: error, fields)
        finish(&response, for: fields.origin, RequestID(given: fields.requestID))
        return response
    }

    /// Whether requests can be served: Redis answers, and no drain has begun.
    package func isReady() async -> Bool { await health.isReady() }

    /// Whether a path is that of a route.
    package func isRoute(_ path: String) -> Bool { table[path] != nil }

    private func respond(to context: RequestContext, by entry: RouteTable.Entry) async throws(HTTPError) -> Response {
        let request = context.request
        if request.method == .options {
            guard !entry.isForServers else { return Response(status: .noContent, fields: [.allow: entry.allow]) }
            return crossOrigin.preflight(allow: entry.allow)
        }
        let route = try entry.route(for: request.method)
        switch route.guard {
        case .open: break
        case .browserOrigin: try checkOrigin(of: request)
        case .apiKey(let scope): return try await respond(to: context, by: route, needing: scope)
        }
        return try await route.handler(context)
    }

    /// Refuses a request from an origin that is not allowed.
    private func checkOrigin(of request: Request) throws(HTTPError) {
        do {
            try origins.check(posting: request.fields.origin)
        } catch {
            throw .origin(error)
        }
    }

    /// Answers a request to a route that requires an API key.
    private func respond(
        to context: RequestContext, by route: Route, needing scope: Scope
    ) async throws(HTTPError) -> Response {
        guard let authenticator else { preconditionFailure("the initializer requires an authenticator") }
        let authentication = try await authenticator.caller(sending: context, needing: scope)
        var context = context
        context.caller = authentication.caller
        do {
            var response = try await route.handler(context)
            response.fields.join(authentication.fields)
            return response
        } catch {
            var error = error
            error.fields.join(authentication.fields)
            throw error
        }
    }

    /// The response to an error, in the language that the client prefers.
    private func response(to error: HTTPError, _ fields: RequestFields) -> Response {
        error.response(in: languages.words(preferredBy: fields.acceptLanguage))
    }

    /// Adds the fields that every response has.
    private func finish(_ response: inout Response, for origin: String?, _ id: RequestID) {
        crossOrigin.open(&response, to: origin)
        if response.fields[.cacheControl] == nil { response.fields.append(.cacheControl, "no-store") }
        response.fields.append(.contentTypeOptions, "nosniff")
        response.fields.append(.requestID, id.text)
    }
}

import Cryptography
import Logging
import Platform
import Web

/// Answers the requests of sign-in: finds the route, and adds the fields that all responses have.
package final class SignInService: Responder {
    private let configuration: SignInConfiguration
    private let sendMagicLink: SendMagicLink
    private let verifyMagicLink: VerifyMagicLink
    private let verifyCode: VerifyCode
    /// `nil` if links lead to the portal.
    private let openLink: OpenLink?
    private let crossOrigin: CrossOrigin
    private let store: SignInStore
    private let readiness: Readiness
    private let metrics: SignInMetrics
    private let logger: Logger
    private let now: @Sendable () -> UnixTime
    private let outages = OutageLog()

    /// - Parameters:
    ///   - now: the wall clock.
    package init(
        configuration: SignInConfiguration, store: SignInStore, readiness: Readiness, random: RandomBytes,
        now: @escaping @Sendable () -> UnixTime, metrics: SignInMetrics, logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.readiness = readiness
        self.metrics = metrics
        self.logger = logger
        crossOrigin = CrossOrigin(policy: configuration.originPolicy)
        self.now = now
        let dependencies = SignInDependencies(
            configuration: configuration, store: store, random: random, metrics: metrics)
        sendMagicLink = SendMagicLink(dependencies)
        verifyMagicLink = VerifyMagicLink(dependencies)
        verifyCode = VerifyCode(dependencies)
        openLink = configuration.publicURL.map { OpenLink(dependencies, publicURL: $0) }
    }

    /// Answers a request. Every error becomes a response.
    package func respond(to request: Request) async -> Response {
        let start = ContinuousClock.now
        let id = RequestID(given: request.fields.requestID)
        let log = RequestLog(logger: logger, outages: outages, id: id, metadata: request.logMetadata)
        let route = route(of: request.path)
        var response: Response
        do throws(HTTPError) {
            let context = RequestContext(request, behind: configuration.trustedProxies, log: log, now: now)
            response = try await respond(to: context, by: route)
        } catch {
            response = error.response
        }
        finish(&response, for: request.fields.origin, id)
        let duration = ContinuousClock.now - start
        metrics.answered(route?.path ?? "other", response.status, after: duration)
        log.answered(request, path: route == nil ? nil : request.path, response.status, after: duration)
        return response
    }

    /// The response to a request that the server refuses before the request is complete.
    /// - Parameter fields: the fields of the request that have been received.
    package func response(to error: HTTPError, fields: RequestFields = [:]) -> Response {
        var response = error.response
        finish(&response, for: fields.origin, RequestID(given: fields.requestID))
        return response
    }

    /// Whether requests can be served: Redis answers, and no drain has begun.
    package func isReady() async -> Bool {
        guard !readiness.isDraining else { return false }
        return await store.isReachable()
    }

    /// Whether a path is that of a route.
    package func isRoute(_ path: String) -> Bool { route(of: path) != nil }

    // MARK: - Routes

    private enum Route: CaseIterable {
        case sendMagicLink, verifyMagicLink, verifyCode, openLink, keySet, health, readiness, description

        /// The value of `Allow` (RFC 9110 §10.2.1).
        var allow: String {
            switch self {
            case .sendMagicLink, .verifyMagicLink, .verifyCode: "POST, OPTIONS"
            case .openLink: "GET, HEAD, POST, OPTIONS"
            case .keySet, .health, .readiness, .description: "GET, HEAD, OPTIONS"
            }
        }

        /// The path that follows the base path.
        var path: String {
            switch self {
            case .sendMagicLink: "/auth/send-magic-link"
            case .verifyMagicLink: "/auth/verify-magic-link"
            case .verifyCode: "/auth/verify-code"
            case .openLink: PublicURL.pagePath
            case .keySet: "/.well-known/jwks.json"
            case .health: "/healthz"
            case .readiness: "/readyz"
            case .description: "/openapi.yaml"
            }
        }

        func answers(_ method: Method) -> Bool {
            switch self {
            case .sendMagicLink, .verifyMagicLink, .verifyCode: method == .post
            case .openLink: method == .get || method == .head || method == .post
            case .keySet, .health, .readiness, .description: method == .get || method == .head
            }
        }
    }

    /// The route of a path; `nil` if there is none. Paths are not normalised, so each route has exactly one spelling.
    private func route(of path: String) -> Route? {
        switch path {
        // OpenFaaS calls these paths, whatever the base path is.
        case "/_/health": return .health
        case "/_/ready": return .readiness
        default: break
        }
        guard path.hasPrefix(configuration.basePath) else { return nil }
        let rest = path.dropFirst(configuration.basePath.count)
        guard let route = Route.allCases.first(where: { $0.path == rest }) else { return nil }
        return route == .openLink && openLink == nil ? nil : route
    }

    private func respond(
        to context: RequestContext, by route: Route?
    ) async throws(HTTPError) -> Response {
        guard let route else { throw .notFound }
        if context.request.method == .options { return crossOrigin.preflight(allow: route.allow) }
        guard route.answers(context.request.method) else { throw .methodNotAllowed(route.allow) }
        switch route {
        case .sendMagicLink:
            return try await sendMagicLink.respond(to: context)
        case .verifyMagicLink:
            return try await verifyMagicLink.respond(to: context)
        case .verifyCode:
            return try await verifyCode.respond(to: context)
        case .openLink:
            // `route(of:)` finds this route only if there is a confirmation page.
            guard let openLink else { throw .notFound }
            return try await openLink.respond(to: context)
        case .keySet:
            var response = Response(status: .ok, json: configuration.issuer?.keySet ?? AssertionIssuer.emptyKeySet)
            // A new key must be published this long before it signs: portals may have cached the earlier keys.
            response.fields.append(.cacheControl, "public, max-age=300")
            return response
        case .health:
            return .ok
        case .readiness:
            guard await isReady() else { throw .serviceUnavailable(retryAfter: .seconds(1)) }
            return .ok
        case .description:
            return Response(
                status: .ok, fields: [.contentType: "application/yaml"], body: PackageResources.openapi_yaml)
        }
    }

    // MARK: - Every response

    private func finish(_ response: inout Response, for origin: String?, _ id: RequestID) {
        crossOrigin.open(&response, to: origin)
        if response.fields[.cacheControl] == nil { response.fields.append(.cacheControl, "no-store") }
        response.fields.append(.contentTypeOptions, "nosniff")
        response.fields.append(.requestID, id.text)
    }
}

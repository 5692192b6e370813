import Secrets
import SignIn
import Store

/// `POST /auth/send-magic-link`: a sign-in request, from its body to the mail in the queue.
struct SendMagicLink: Sendable {
    let policy: OriginPolicy
    let callbackPath: PortalPath
    let proxies: TrustedProxies
    /// `nil` where clients are not limited.
    let rateLimitFields: RateLimitFields?
    let store: SignInStore
    let random: RandomBytes
    let now: @Sendable () -> UnixTime
    let metrics: DoorMetrics

    /// Serves a request, or throws why it is not served.
    func respond(to request: Request, _ log: RequestLog) async throws(Refusal) -> Response {
        let body = try SendMagicLinkBody(of: request)
        let origin = try callbackOrigin(for: request, body)
        let link = MagicLink(
            origin: origin, callbackPath: callbackPath, token: try newToken(log), next: body.callbackNext)
        let client = proxies.clientAddress(peer: request.peer, forwardedFor: request.fields.forwardedFor)
        let language = Language(preferredBy: request.fields.acceptLanguage)
        switch try await admission(of: link, to: body.email, in: language, for: client, log) {
        case .admitted(let quota):
            metrics.mailQueued()
            var response = Response.ok
            if let quota { rateLimitFields?.add(quota, to: &response.fields) }
            return response
        case .limited(let limit, let retryAfter, let quota):
            log.limited(by: limit)
            metrics.limited(by: limit)
            var refusal = Refusal.rateLimited(retryAfter: retryAfter)
            if let quota { rateLimitFields?.add(quota, to: &refusal.fields) }
            throw refusal
        case .queueFull:
            log.unavailable("the mail queue is full: are senders running?")
            throw .serviceUnavailable(retryAfter: .seconds(30))
        }
    }

    /// Where the link leads, by the body, the fields and the policy.
    private func callbackOrigin(for request: Request, _ body: SendMagicLinkBody) throws(Refusal) -> Origin {
        let claims = OriginPolicy.Claims(
            body: body.callbackOrigin, header: request.fields.callbackOrigin,
            origin: request.fields.origin, referer: request.fields.referer)
        do throws(OriginPolicy.Refusal) {
            return try policy.callbackOrigin(for: claims)
        } catch {
            guard case .notAllowed(let source, let error) = error else { throw .originRequired }
            let (subject, field): (String, String?) =
                switch source {
                case .body: ("callback_origin", "callback_origin")
                case .header: ("The header X-AppHandoff-Callback-Origin", nil)
                case .origin: ("The header Origin", nil)
                case .referer: ("The header Referer", nil)
                }
            let rule = error?.description ?? "is not an origin that this service may lead to"
            throw .originNotAllowed(subject: subject, field: field, rule: rule)
        }
    }

    private func newToken(_ log: RequestLog) throws(Refusal) -> LoginToken {
        do {
            return try LoginToken(random: random)
        } catch {
            log.failed(error)
            throw .internalError
        }
    }

    private func admission(
        of link: MagicLink, to recipient: EmailAddress, in language: Language, for client: IPAddress?, _ log: RequestLog
    ) async throws(Refusal) -> Admission {
        do {
            return try await store.send(link, to: recipient, in: language, for: client, at: now())
        } catch .unavailable(let error) {
            log.unavailable("\(error)")
            throw .serviceUnavailable(retryAfter: .seconds(1))
        } catch {
            log.failed(error)
            throw .internalError
        }
    }
}

import JSON
import Secrets
import SignIn
import Store

/// `POST /auth/send-magic-link`: a sign-in request, from its body to the mail in the queue.
struct SendMagicLink: Sendable {
    private let context: RouteContext
    /// `nil` where clients are not limited.
    private let rateLimitFields: RateLimitFields?

    init(_ context: RouteContext) {
        self.context = context
        rateLimitFields = context.configuration.limits.client.map(RateLimitFields.init)
    }

    /// Serves a request, or throws why it is not served.
    func respond(to request: Request, _ log: RequestLog) async throws(Refusal) -> Response {
        let body = try SendMagicLinkBody(of: request)
        let configuration = context.configuration
        let link = MagicLink(
            origin: try callbackOrigin(for: request, body), callbackPath: configuration.callbackPath,
            token: try context.newToken(log), next: body.callbackNext, landing: configuration.landing)
        let signIn = SignInRequest(
            link: link, recipient: body.email, language: Language(preferredBy: request.fields.acceptLanguage),
            challenge: body.challenge, codeWay: body.wantsCode ? try newCodeWay(log) : nil)
        switch try await admission(of: signIn, for: context.client(of: request), log) {
        case .admitted(let quota):
            context.metrics.mailQueued()
            var response = SendMagicLink.answer(to: signIn)
            if let quota { rateLimitFields?.add(quota, to: &response.fields) }
            return response
        case .limited(let limit, let retryAfter, let quota):
            context.note(limit, log)
            var refusal = Refusal.rateLimited(retryAfter: retryAfter)
            if let quota { rateLimitFields?.add(quota, to: &refusal.fields) }
            throw refusal
        case .queueFull:
            throw log.refusalOfFullQueue()
        }
    }

    /// Only who asked for a code is told what names the request.
    private static func answer(to request: SignInRequest) -> Response {
        guard let way = request.codeWay else { return .ok }
        var json = JSONWriter()
        json.member("ok", true)
        json.member("request_id", way.requestID.text)
        return Response(status: .ok, json: json.finish())
    }

    /// Where the link leads, by the body, the fields and the policy.
    private func callbackOrigin(for request: Request, _ body: SendMagicLinkBody) throws(Refusal) -> Origin {
        let claims = OriginPolicy.Claims(
            body: body.callbackOrigin, header: request.fields.callbackOrigin,
            origin: request.fields.origin, referer: request.fields.referer)
        do {
            return try context.configuration.originPolicy.callbackOrigin(for: claims)
        } catch {
            throw .origin(error)
        }
    }

    private func newCodeWay(_ log: RequestLog) throws(Refusal) -> SignInRequest.CodeWay {
        try log.wrapping { () throws(SecretsError) in
            SignInRequest.CodeWay(
                requestID: try LoginToken(random: context.random), code: try SignInCode(random: context.random))
        }
    }

    private func admission(
        of signIn: SignInRequest, for client: IPAddress?, _ log: RequestLog
    ) async throws(Refusal) -> Admission {
        do {
            return try await context.store.send(signIn, for: client, at: context.now())
        } catch {
            throw log.refusal(for: error)
        }
    }
}

import Bytes
import Cryptography
import Net
import Platform
import Redis
import SignIn
import Web

/// `POST /v1/sign-in-links`: a link for a person whom a trusted caller knows, from its body to the email in the queue,
/// or to the link in the answer.
struct IssueLink: Sendable {
    private let store: SignInStore
    private let answers: IdempotentAnswers
    private let metrics: SignInLinkMetrics

    /// Links that live longer have no code.
    private static let longestLifetimeWithCode = Duration.seconds(3600)

    init(_ store: SignInStore, _ answers: IdempotentAnswers, _ metrics: SignInLinkMetrics) {
        self.store = store
        self.answers = answers
        self.metrics = metrics
    }

    /// Answers a request, or throws the error that answers it.
    func respond(to context: RequestContext) async throws(HTTPError) -> Response {
        let key = try answers.key(of: context)
        let body = try IssueLinkBody(of: context.request)
        let origin = try callbackOrigin(body)
        guard let caller = context.caller else { throw .apiKeyRequired }  // The route's guard is `apiKey`.
        let request = try newRequest(body, origin, of: caller, for: context)
        let answer = IssueLink.answer(to: request)
        let outcome = try await context.answering { () throws(StoreError) in
            try await store.issue(request, answering: key.map { ($0, answer) }, from: answers)
        }
        switch outcome {
        case .issued:
            metrics.issued(for: request.purpose)
            logIssued(request, by: caller, for: context)
            return Response(status: .ok, json: answer)
        case .answeredBefore(let earlier?):
            return Response(status: .ok, json: earlier)
        case .answeredBefore(nil):
            throw .idempotencyKeyReused
        case .unreadableAnswer(let keyID):
            // Another process may have the key. A new link would be a second one for the same request.
            context.log.unavailable("an answer was sealed with the secret key \(keyID), which is not configured")
            throw .serviceUnavailable(retryAfter: .seconds(30))
        case .queueFull:
            throw context.answerToFullQueue()
        }
    }

    private func callbackOrigin(_ body: IssueLinkBody) throws(HTTPError) -> Origin {
        do {
            return try store.policy.origins.callbackOrigin(for: OriginPolicy.Claims(body: body.callbackOrigin))
        } catch {
            throw .origin(error)
        }
    }

    /// Draws the token, and the code if the answer is to have one.
    private func newRequest(
        _ body: IssueLinkBody, _ origin: Origin, of caller: Caller, for context: RequestContext
    ) throws(HTTPError) -> LinkRequest {
        let policy = store.policy
        let lifetime = body.lifetime ?? policy.linkLifetime
        let place = store.place(for: body.email, origin, body.purpose, of: caller)
        do {
            let link = MagicLink(
                origin: origin, callbackPath: policy.callbackPath,
                token: try LoginToken(at: place, random: store.random), next: body.callbackNext,
                publicURL: policy.publicURL)
            // A code lives for minutes, so it is of no use with a link that is meant for later.
            let hasCode = !body.isMailed && lifetime <= IssueLink.longestLifetimeWithCode
            return LinkRequest(
                link: link, recipient: body.email, purpose: body.purpose, claims: body.claims, nonce: body.nonce,
                lifetime: lifetime,
                language: body.language ?? context.language(among: policy.mailLanguages), isMailed: body.isMailed,
                code: hasCode ? try SignInRequest.CodeRequest(at: place, random: store.random) : nil,
                issuedAt: store.redis.time(at: context.now()))
        } catch {
            throw context.answer(to: .crypto(error))
        }
    }

    /// Logs that a caller got a link: whoever has its key can sign in as anybody.
    private func logIssued(_ request: LinkRequest, by caller: Caller, for context: RequestContext) {
        context.log.notice(
            "link_issued",
            [
                "id": request.link.token.id, "purpose": request.purpose.rawValue,
                "api_key": caller.id,
            ])
    }

    /// The answer to a request, as JSON.
    private static func answer(to request: LinkRequest) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.member("ok", true)
        json.member("id", request.link.token.id)
        json.member("expires_at", CivilTime(request.expiresAt).rfc3339)
        guard !request.isMailed else { return json.finish() }
        json.member("link", request.link.url)
        if let code = request.code {
            json.member("code", code.code.text)
            json.member("request_id", code.handle.text)
        }
        return json.finish()
    }
}

extension HTTPError.Code {
    static var idempotencyKeyReused: HTTPError.Code {
        HTTPError.Code("idempotency_key_reused", .unprocessableContent)
    }
}

extension HTTPError {
    /// The idempotency key was sent before, with another body.
    static let idempotencyKeyReused = HTTPError(
        .idempotencyKeyReused, .english("This Idempotency-Key was sent before with another body: use a new one"))
}

import Bytes
import Cryptography
import Net
import Redis
import Web

/// `POST /auth/send-magic-link`: a sign-in request, from its body to the email in the queue.
struct SendMagicLink: Sendable {
    private let dependencies: SignInDependencies
    /// `nil` if clients are not limited.
    private let rateLimitFields: RateLimitFields?

    init(_ dependencies: SignInDependencies) {
        self.dependencies = dependencies
        rateLimitFields = dependencies.policy.limits.client.rate.map(RateLimitFields.init)
    }

    /// Answers a request, or throws the error that answers it.
    func respond(to context: RequestContext) async throws(HTTPError) -> Response {
        let body = try SendMagicLinkBody(of: context.request)
        let policy = dependencies.policy
        guard body.challenge != nil || !policy.isChallengeRequired else { throw SendMagicLink.challengeRequired }
        let origin = try callbackOrigin(for: context.request, body)
        let place = dependencies.store.place(for: body.email, origin, body.challenge)
        let link = MagicLink(
            origin: origin, callbackPath: policy.callbackPath,
            token: try dependencies.newToken(at: place, for: context), next: body.callbackNext,
            publicURL: policy.publicURL)
        let signIn = SignInRequest(
            link: link, recipient: body.email, language: context.language(among: policy.mailLanguages),
            challenge: body.challenge,
            codeRequest: body.isCodeRequested ? try newCodeRequest(at: place, for: context) : nil, nonce: body.nonce)
        let admission = try await dependencies.answering(context) { () throws(StoreError) in
            try await dependencies.store.admit(signIn, from: context.clientAddress, at: context.now())
        }
        switch admission {
        case .admitted(let quota):
            dependencies.recordRequested(signIn, for: context)
            var response = SendMagicLink.response(to: signIn)
            if let quota { rateLimitFields?.add(quota, to: &response.fields) }
            return response
        case .limited(let limit, let retryAfter, let quota):
            dependencies.recordLimited(by: limit, for: context)
            var error = HTTPError.rateLimited(retryAfter: retryAfter)
            if let quota { rateLimitFields?.add(quota, to: &error.fields, retryAfter: retryAfter) }
            throw error
        case .queueFull:
            throw context.answerToFullQueue()
        }
    }

    private static let challengeRequired = HTTPError.invalid(
        ValidationError(issues: [
            Issue(path: "code_challenge", code: .custom, message: .english("Required: links work in one browser alone"))
        ]))

    /// The response to an admitted request: with the code handle, if a code was requested.
    private static func response(to request: SignInRequest) -> Response {
        guard let codeRequest = request.codeRequest else { return .ok }
        var json = JSONWriter()
        json.member("ok", true)
        json.member("request_id", codeRequest.handle.text)
        return Response(status: .ok, json: json.finish())
    }

    /// The origin that the link leads to, from the body, the header fields and the policy.
    private func callbackOrigin(for request: Request, _ body: SendMagicLinkBody) throws(HTTPError) -> Origin {
        let claims = OriginPolicy.Claims(
            body: body.callbackOrigin, header: request.fields.callbackOrigin,
            origin: request.fields.origin, referer: request.fields.referer)
        do {
            return try dependencies.policy.origins.callbackOrigin(for: claims)
        } catch {
            throw .origin(error)
        }
    }

    private func newCodeRequest(
        at place: Place, for context: RequestContext
    ) throws(HTTPError) -> SignInRequest.CodeRequest {
        try dependencies.new(for: context) { (random) throws(CryptoError) in
            try SignInRequest.CodeRequest(at: place, random: random)
        }
    }
}

import Net
import Redis
import Web

/// `POST /auth/verify-magic-link`: a link's token, from its body to the completed sign-in.
struct VerifyMagicLink: Sendable {
    private let dependencies: SignInDependencies
    private let completion: SignInCompletion

    private static let schema = object(
        field("token", string()), field("code_verifier", CodeVerifier.schema.optional()),
        field("callback_origin", OriginPolicy.portal.optional()))

    init(_ dependencies: SignInDependencies) {
        self.dependencies = dependencies
        completion = SignInCompletion(dependencies, by: .link)
    }

    /// Answers a request, or throws the error that answers it.
    func respond(to context: RequestContext) async throws(HTTPError) -> Response {
        let (token, verifier, origin) = try JSONBody.read(of: context.request, by: VerifyMagicLink.schema)
        let portal = try dependencies.policy.origins.portal(presenting: origin, context.request.fields)
        let loginToken = LoginToken(parsing: token)
        let verification = try await context.answering { () throws(StoreError) in
            try await dependencies.store.verify(
                loginToken, challenge: verifier.map(CodeChallenge.init(of:)), at: portal,
                from: context.clientAddress)
        }
        return try completion.respond(to: verification, at: loginToken?.place, of: context)
    }
}

import SignIn
import Store
import Validation

/// `POST /auth/verify-magic-link`: a token that a link brought, from its body to who is signed in.
struct VerifyMagicLink: Sendable {
    private let context: RouteContext
    private let completion: SignInCompletion

    private static let schema = object(
        field("token", string()), field("code_verifier", CodeVerifier.schema.optional()))

    init(_ context: RouteContext) {
        self.context = context
        completion = SignInCompletion(context, by: .link)
    }

    /// Serves a request, or throws why it is not served.
    func respond(to request: Request, _ log: RequestLog) async throws(Refusal) -> Response {
        try context.checkOrigin(of: request)
        let (text, verifier) = try JSONBody.read(of: request, by: VerifyMagicLink.schema)
        let token = try context.token(parsing: text, log)
        let challenge = try context.challenge(of: verifier, log)
        let verification: Verification
        do {
            verification = try await context.store.verify(
                token, challenge: challenge, for: context.client(of: request))
        } catch {
            throw log.refusal(for: error)
        }
        return try completion.respond(to: verification, log)
    }
}

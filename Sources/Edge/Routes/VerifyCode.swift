import SignIn
import Store
import Validation

/// `POST /auth/verify-code`: the code of a mail and the name of its request, from their body to who is signed in.
struct VerifyCode: Sendable {
    private let context: RouteContext
    private let completion: SignInCompletion

    private static let schema = object(
        field("request_id", string()), field("code", SignInCode.schema),
        field("code_verifier", CodeVerifier.schema.optional()))

    init(_ context: RouteContext) {
        self.context = context
        completion = SignInCompletion(context, by: .code)
    }

    /// Serves a request, or throws why it is not served.
    func respond(to request: Request, _ log: RequestLog) async throws(Refusal) -> Response {
        try context.checkOrigin(of: request)
        let (text, code, verifier) = try JSONBody.read(of: request, by: VerifyCode.schema)
        let requestID = try context.token(parsing: text, log)
        let challenge = try context.challenge(of: verifier, log)
        let verification: Verification
        do {
            verification = try await context.store.verify(
                code, of: requestID, challenge: challenge, for: context.client(of: request))
        } catch {
            throw log.refusal(for: error)
        }
        return try completion.respond(to: verification, log)
    }
}

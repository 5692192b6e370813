import Net
import Redis
import Web

/// `POST /auth/verify-code`: an email's code and its handle, from their body to the completed sign-in.
struct VerifyCode: Sendable {
    private let dependencies: SignInDependencies
    private let completion: SignInCompletion

    private static let schema = object(
        field("request_id", string()), field("code", SignInCode.schema),
        field("code_verifier", CodeVerifier.schema.optional()),
        field("callback_origin", OriginPolicy.portal.optional()))

    init(_ dependencies: SignInDependencies) {
        self.dependencies = dependencies
        completion = SignInCompletion(dependencies, by: .code)
    }

    /// Answers a request, or throws the error that answers it.
    func respond(to context: RequestContext) async throws(HTTPError) -> Response {
        let (handle, code, verifier, origin) = try JSONBody.read(of: context.request, by: VerifyCode.schema)
        let portal = try dependencies.policy.origins.portal(presenting: origin, context.request.fields)
        let codeHandle = CodeHandle(parsing: handle)
        let verification = try await dependencies.answering(context) { () throws(StoreError) in
            try await dependencies.store.verify(
                code, of: codeHandle, challenge: verifier.map(CodeChallenge.init(of:)), at: portal,
                from: context.clientAddress)
        }
        return try completion.respond(to: verification, at: codeHandle?.place, of: context)
    }
}

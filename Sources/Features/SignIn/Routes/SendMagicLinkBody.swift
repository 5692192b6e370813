import Bytes
import Net
import Web

/// The body of `POST /auth/send-magic-link`, read and valid.
struct SendMagicLinkBody: Sendable {
    let email: EmailAddress
    /// Has the form of a URL; whether it is an allowed origin is the policy's to say.
    let callbackOrigin: String?
    let callbackNext: PortalPath?
    /// What a verifier must fit when the link is opened.
    let challenge: CodeChallenge?
    /// Whether a code is asked for, too.
    let wantsCode: Bool

    private static let schema = object(
        field("email", Schema.emailAddress),
        field("callback_origin", string().url().optional()),
        field("callback_next", portalPath.optional()),
        field("code_challenge", CodeChallenge.schema.optional()),
        field("code_challenge_method", string().refine("Must be S256") { $0 == "S256" }.optional()),
        field("code", boolean().optional()))

    private static let portalPath: Schema<PortalPath> = string().transform { text in
        do throws(ParseError) {
            return .value(try PortalPath(parsing: text))
        } catch {
            return .refused(Finding(.custom, error.sentence))
        }
    }

    /// Reads the body of a request.
    /// - Throws: a ``HTTPError``: `unsupported_media_type`, `invalid_json` or `validation_error`.
    init(of request: Request) throws(HTTPError) {
        let (code, method): (Bool?, String?)
        (email, callbackOrigin, callbackNext, challenge, method, code) = try JSONBody.read(
            of: request, by: SendMagicLinkBody.schema)
        wantsCode = code ?? false
        // A misspelt challenge must not give a link that is bound to nobody.
        guard method == nil || challenge != nil else {
            let rule = "Required with code_challenge_method"
            throw .invalid(ValidationError(issues: [Issue(path: "code_challenge", code: .custom, message: rule)]))
        }
    }
}

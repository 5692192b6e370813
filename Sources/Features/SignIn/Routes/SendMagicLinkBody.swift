import Bytes
import Net
import Web

/// The validated body of `POST /auth/send-magic-link`.
struct SendMagicLinkBody: Sendable {
    let email: EmailAddress
    /// A well-formed URL. The origin policy decides whether it is an allowed origin.
    let callbackOrigin: String?
    let callbackNext: PortalPath?
    /// The challenge that a verifier must match; `nil` if the link works in every browser.
    let challenge: CodeChallenge?
    /// The text that the assertion repeats; `nil` if there is none.
    let nonce: String?
    /// Whether the email must contain a code, too.
    let isCodeRequested: Bool

    private static let schema = object(
        field("email", Schema.emailAddress),
        field("callback_origin", string().url().optional()),
        field("callback_next", PortalPath.schema.optional()),
        field("code_challenge", CodeChallenge.schema.optional()),
        field("code_challenge_method", string().refine("Must be S256") { $0 == "S256" }.optional()),
        field("code", boolean().optional()),
        field("nonce", Nonce.schema.optional()))

    /// Reads the body of a request.
    /// - Throws: ``HTTPError`` with the code `unsupported_media_type`, `invalid_json` or `validation_error`.
    init(of request: Request) throws(HTTPError) {
        let (code, method): (Bool?, String?)
        (email, callbackOrigin, callbackNext, challenge, method, code, nonce) = try JSONBody.read(
            of: request, by: SendMagicLinkBody.schema)
        isCodeRequested = code ?? false
        // A body with a misspelled `code_challenge` must not produce a link that works in every browser.
        guard method == nil || challenge != nil else {
            let issue = Issue(path: "code_challenge", code: .custom, message: "Required with code_challenge_method")
            throw .invalid(ValidationError(issues: [issue]))
        }
    }
}

extension PortalPath {
    /// Reads a path from a JSON value.
    package static let schema: Schema<PortalPath> = string().transform { text in
        do throws(ParseError) {
            return .value(try PortalPath(parsing: text))
        } catch {
            return .refused(Finding(.custom, Sentence(error)))
        }
    }
}

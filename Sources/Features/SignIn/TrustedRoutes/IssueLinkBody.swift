import Bytes
import Net
import Platform
import Settings
import SignIn
import Web

/// The validated body of `POST /v1/sign-in-links`.
struct IssueLinkBody: Sendable {
    let email: EmailAddress
    /// A well-formed URL. The origin policy decides whether it is an allowed origin.
    let callbackOrigin: String
    let callbackNext: PortalPath?
    /// The time for which the link works; `nil` for the deployment's.
    let lifetime: Duration?
    let purpose: LinkPurpose
    let claims: JSONObject?
    /// The text that the assertion repeats; `nil` if there is none.
    let nonce: String?
    /// Whether the link is mailed. Otherwise it is in the answer.
    let isMailed: Bool
    /// The language of the email; `nil` for that of `Accept-Language`.
    let language: Language?

    /// The largest claims, in bytes of JSON without white space.
    static let maximumClaimsByteCount = 1024

    private static let schema = strictObject(
        field("email", Schema.emailAddress),
        field("callback_origin", string().url()),
        field("callback_next", PortalPath.schema.optional()),
        field("lifetime", lifetime.optional()),
        field("purpose", purpose.optional()),
        field("claims", claims.optional()),
        field("send", boolean().optional()),
        field("language", language.optional()),
        field("nonce", Nonce.schema.optional()))

    private static let lifetime: Schema<Duration> = string().transform { text in
        do throws(ParseError) {
            return .value(try parseDuration(text, in: .seconds(60)...(.seconds(7 * 86_400)), "1m to 7d"))
        } catch {
            return .refused(Finding(.custom, .english(error.sentence)))
        }
    }

    private static let purpose: Schema<LinkPurpose> = string().transform { text in
        guard let purpose = LinkPurpose(rawValue: text) else {
            return .refused(Finding(.custom, .english("Must be sign_in, invite or verify_email")))
        }
        return .value(purpose)
    }

    private static let language: Schema<Language> = string().transform { text in
        do throws(ParseError) {
            return .value(try Language(parsing: text))
        } catch {
            return .refused(Finding(.custom, .english(error.sentence)))
        }
    }

    private static let claims: Schema<JSONObject> = anyObject().transform { object in
        guard isExact(.object(object)) else {
            let rule = "Must have only numbers between -2^53 and 2^53: send others as strings"
            return .refused(Finding(.custom, .english(rule)))
        }
        guard JSONWriter.text(of: object).count <= maximumClaimsByteCount else {
            return .refused(
                Finding(.tooBig, .english("Too big: expected at most \(maximumClaimsByteCount) bytes of JSON")))
        }
        return .value(object)
    }

    /// Whether all whole numbers of a value are exact: whether no two of their size are the same double.
    private static func isExact(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .boolean, .string: true
        case .number(let number): number.magnitude < 0x1p53
        case .array(let elements): elements.allSatisfy(isExact)
        case .object(let object): object.members.allSatisfy { isExact($0.value) }
        }
    }

    /// Reads the body of a request.
    /// - Throws: ``HTTPError`` with the code `unsupported_media_type`, `invalid_json` or `validation_error`.
    init(of request: Request) throws(HTTPError) {
        let (purpose, isMailed): (LinkPurpose?, Bool?)
        (email, callbackOrigin, callbackNext, lifetime, purpose, claims, isMailed, language, nonce) = try JSONBody.read(
            of: request, by: IssueLinkBody.schema)
        self.purpose = purpose ?? .signIn
        self.isMailed = isMailed ?? true
    }
}

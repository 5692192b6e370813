import JSON
import SignIn
import Validation

/// The body of `POST /auth/send-magic-link`, read and valid.
struct SendMagicLinkBody: Sendable {
    let email: EmailAddress
    /// Has the form of a URL; whether it is an allowed origin is the policy's to say.
    let callbackOrigin: String?
    let callbackNext: PortalPath?

    private static let schema = object(
        field("email", EmailAddress.schema),
        field("callback_origin", string().url().optional()),
        field("callback_next", portalPath.optional()))

    private static let portalPath: Schema<PortalPath> = string().transform { text in
        do throws(PortalPath.Unsafe) {
            return .value(try PortalPath(parsing: text))
        } catch {
            return .refused(Finding(.custom, error.description))
        }
    }

    /// Reads the body of a request.
    /// - Throws: a ``Refusal``: `unsupported_media_type`, `invalid_json` or `validation_error`.
    init(of request: Request) throws(Refusal) {
        guard SendMagicLinkBody.isJSON(request.fields.contentType) else { throw .unsupportedMediaType }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: request.body)
        } catch {
            throw .invalidJSON(error)
        }
        do {
            (email, callbackOrigin, callbackNext) = try SendMagicLinkBody.schema.parse(json)
        } catch {
            throw .invalid(error)
        }
    }

    /// Whether a `Content-Type` is `application/json`, in UTF-8 if it names a charset.
    private static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        if contentType == "application/json" { return true }
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map {
            $0.trimmingBlanks().lowercased()
        }
        return parts[0] == "application/json"
            && parts.dropFirst().allSatisfy { parameter in
                !parameter.hasPrefix("charset=") || parameter == "charset=utf-8" || parameter == "charset=\"utf-8\""
            }
    }
}

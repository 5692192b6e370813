import Bytes
import Net
import Web

extension OriginPolicy {
    /// Reads `callback_origin` of a body that presents a token or a code: the portal's own origin.
    static let portal: Schema<Origin> = string().transform { text in
        do throws(ParseError) {
            return .value(try Origin(parsing: text))
        } catch {
            return .refused(Finding(.custom, .english(error.sentence)))
        }
    }

    /// Returns the portal that presents a token or a code: by `Origin`, which a browser sends, and by the body. A link
    /// signs in at no other portal than its own.
    /// - Returns: `nil` if the request does not say, and there is only one portal.
    /// - Throws: `validation_error` if the two differ, or if both are missing although several portals are allowed.
    func portal(presenting body: Origin?, _ fields: RequestFields) throws(HTTPError) -> Origin? {
        // Whatever is not an origin was refused by the route's guard.
        let browser = fields.origin.flatMap { try? Origin(parsing: $0) }
        if let body, let browser, body != browser {
            throw OriginPolicy.issue("Must be the request's Origin, if it has one")
        }
        let portal = body ?? browser
        guard portal != nil || !allowsSeveral else {
            throw OriginPolicy.issue("Required, since more than one portal is allowed")
        }
        return portal
    }

    private static func issue(_ message: String) -> HTTPError {
        .invalid(ValidationError(issues: [Issue(path: "callback_origin", code: .custom, message: .english(message))]))
    }
}

import Bytes

/// The credentials of a request, from its `Authorization` field (RFC 6750 §2.1).
enum APIKeyCredentials: Sendable {
    /// The request has no such field.
    case none
    /// Not a key by the scheme `Bearer`: another scheme, another form, or more than one field.
    case malformed
    case key(APIKey)

    /// - Parameter authorization: the field's value; `nil` if there is none.
    init(_ authorization: String?) {
        guard let authorization else {
            self = .none
            return
        }
        guard let space = authorization.firstIndex(of: " "),
            // The scheme's case is ignored (RFC 9110 §11.1). One or more spaces follow it (§11.4).
            authorization[..<space].utf8.elementsEqual("bearer".utf8, by: { $0.asciiLowercased == $1 }),
            let key = APIKey(parsing: authorization[space...].drop { $0 == " " })
        else {
            self = .malformed
            return
        }
        self = .key(key)
    }
}

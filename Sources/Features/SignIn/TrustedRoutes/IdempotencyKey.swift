import Bytes
import Cryptography
import Web

/// A caller's name for one request, with which it can send the request again safely: the header `Idempotency-Key`.
struct IdempotencyKey: Sendable {
    /// The name in Redis: 32 lower-case hexadecimal digits. Callers do not share names.
    let name: String
    /// The digest of the request's path and body, so that another request with the same key is noticed.
    let request: String

    /// Reads the header field; `nil` if the request does not have it.
    /// - Parameter authentication: derives the name, so that nobody who reads Redis can try whether a key was sent.
    /// - Throws: ``HTTPError`` with the code `validation_error` if it is not 1 to 255 visible ASCII characters.
    init?(of context: RequestContext, by authentication: MessageAuthentication) throws(HTTPError) {
        guard let text = context.request.fields.idempotencyKey else { return nil }
        guard (1...255).contains(text.utf8.count), text.isVisibleASCII else {
            let rule = "Must be 1 to 255 visible ASCII characters"
            throw .invalid(
                ValidationError(issues: [Issue(path: "Idempotency-Key", code: .custom, message: .english(rule))]))
        }
        // No id contains a space.
        let tag = authentication.tag(of: Array("\(context.caller?.id ?? "") \(text)".utf8))
        name = String(tag.withUnsafeBytes { hexadecimal($0) }.prefix(32))
        request = Digest.sha256.hex(of: Array("\(context.request.path)\n".utf8) + context.request.body)
    }
}

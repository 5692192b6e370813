import Bytes

/// Reads JSON bodies by a schema.
package enum JSONBody {
    /// Reads a request's body, and returns the schema's output.
    /// - Throws: `unsupported_media_type` for another `Content-Type` or a `Content-Encoding`, `invalid_json` for a body that is not JSON, or
    ///   `validation_error` with every issue that the schema reports.
    package static func read<Output>(of request: Request, by schema: Schema<Output>) throws(HTTPError) -> Output {
        guard isJSON(request.fields.contentType) else { throw .notJSON }
        guard request.fields.isBodyPlain else { throw .encoded }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: request.body)
        } catch {
            throw .invalidJSON(error)
        }
        do {
            return try schema.parse(json)
        } catch {
            throw .invalid(error)
        }
    }

    /// The names of UTF-8 that clients send. `utf8` is an alias in the Encoding standard (§4.2).
    private static let charsets = ["charset=utf-8", "charset=\"utf-8\"", "charset=utf8", "charset=\"utf8\""]

    /// Whether a `Content-Type` is `application/json`. If it names a charset, that must be UTF-8.
    private static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        if contentType == "application/json" { return true }
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map {
            $0.trimmingWhitespace().lowercased()
        }
        return parts[0] == "application/json"
            && parts.dropFirst().allSatisfy { parameter in
                !parameter.hasPrefix("charset=") || charsets.contains(parameter)
            }
    }
}

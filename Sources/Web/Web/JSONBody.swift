import Bytes

/// Reads JSON bodies by a schema.
package enum JSONBody {
    /// Reads a request's body, and returns the schema's output.
    /// - Throws: `unsupported_media_type` for another `Content-Type`, `invalid_json` for a body that is not JSON, or
    ///   `validation_error` with every issue that the schema reports.
    package static func read<Output>(of request: Request, by schema: Schema<Output>) throws(HTTPError) -> Output {
        guard isJSON(request.fields.contentType) else { throw .notJSON }
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

    /// Whether a `Content-Type` is `application/json`. If it names a charset, that must be UTF-8.
    private static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        if contentType == "application/json" { return true }
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map {
            $0.trimmingWhitespace().lowercased()
        }
        return parts[0] == "application/json"
            && parts.dropFirst().allSatisfy { parameter in
                !parameter.hasPrefix("charset=") || parameter == "charset=utf-8" || parameter == "charset=\"utf-8\""
            }
    }
}

import Bytes

/// A body of JSON, read by a schema.
package enum JSONBody {
    /// What a schema makes of a request's body.
    /// - Throws: `unsupported_media_type`, `invalid_json` or `validation_error`.
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

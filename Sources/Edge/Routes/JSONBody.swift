import JSON
import Validation

/// A body of JSON, read by a schema.
enum JSONBody {
    /// Inlined, so that it is specialised for what is read.
    /// - Throws: a ``Refusal``: `unsupported_media_type`, `invalid_json` or `validation_error`.
    @inline(__always)
    static func read<Output>(of request: Request, by schema: Schema<Output>) throws(Refusal) -> Output {
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

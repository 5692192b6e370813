import Bytes
import Net
import Platform

/// An error response, with everything that the client is told.
package struct HTTPError: Error, Equatable {
    /// A code for programs, and its status. Codes are part of the API and never change. Features add their own.
    package struct Code: Sendable, Hashable {
        package let rawValue: String
        /// The status that goes with the code.
        package let status: Status

        package init(_ rawValue: String, _ status: Status) {
            self.rawValue = rawValue
            self.status = status
        }

        package static var badRequest: Code { Code("bad_request", .badRequest) }
        package static var invalidJSON: Code { Code("invalid_json", .badRequest) }
        package static var validationError: Code { Code("validation_error", .badRequest) }
        package static var originNotAllowed: Code { Code("origin_not_allowed", .badRequest) }
        package static var originRequired: Code { Code("origin_required", .badRequest) }
        package static var notFound: Code { Code("not_found", .notFound) }
        package static var methodNotAllowed: Code { Code("method_not_allowed", .methodNotAllowed) }
        package static var requestTimeout: Code { Code("request_timeout", .requestTimeout) }
        package static var payloadTooLarge: Code { Code("payload_too_large", .contentTooLarge) }
        package static var unsupportedMediaType: Code { Code("unsupported_media_type", .unsupportedMediaType) }
        package static var rateLimited: Code { Code("rate_limited", .tooManyRequests) }
        package static var headerFieldsTooLarge: Code {
            Code("header_fields_too_large", .requestHeaderFieldsTooLarge)
        }
        package static var internalError: Code { Code("internal_error", .internalServerError) }
        package static var serviceUnavailable: Code { Code("service_unavailable", .serviceUnavailable) }
    }

    package let code: Code
    /// A sentence for people.
    package let message: String
    package let issues: [Issue]
    /// The time until a retry makes sense, in whole seconds, at least 1; `nil` if not applicable.
    package let retryAfter: Int?
    /// Additional header fields of this response.
    package var fields: ResponseFields

    package init(
        _ code: Code, _ message: String, issues: [Issue] = [], retryAfter: Duration? = nil,
        fields: ResponseFields = [:]
    ) {
        self.code = code
        self.message = message
        self.issues = issues
        self.retryAfter = retryAfter?.retryAfterSeconds
        self.fields = fields
    }
}

extension HTTPError {
    /// The bytes that arrived are not an HTTP/1.1 request.
    package static let badRequest = HTTPError(.badRequest, "The request is not valid HTTP/1.1")
    /// The head or the body of the request took too long to arrive.
    package static let requestTimeout = HTTPError(.requestTimeout, "The request took too long to arrive")
    package static let payloadTooLarge = HTTPError(
        .payloadTooLarge, "The body is larger than \(Request.maximumBodyByteCount) bytes")
    package static let headerFieldsTooLarge = HTTPError(
        .headerFieldsTooLarge, "The request headers are too large")

    package static let notJSON = HTTPError(
        .unsupportedMediaType, "Send a JSON body in UTF-8, with Content-Type: application/json")
    package static let notForm = HTTPError(
        .unsupportedMediaType, "Send a form body, with Content-Type: application/x-www-form-urlencoded")
    package static let notFound = HTTPError(.notFound, "There is nothing at this path")
    package static let internalError = HTTPError(.internalError, "Something went wrong on our side")

    /// The body is not JSON.
    package static func invalidJSON(_ error: JSONError) -> HTTPError {
        HTTPError(.invalidJSON, error.description)
    }

    /// The body violates rules of its schema.
    package static func invalid(_ error: ValidationError) -> HTTPError {
        HTTPError(.validationError, "Invalid request", issues: error.issues)
    }

    /// An origin that is not allowed, or the lack of a required one.
    package static func origin(_ refusal: OriginPolicy.Refusal) -> HTTPError {
        guard case .notAllowed(let source, let error) = refusal else {
            return HTTPError(.originRequired, "The request has no origin: send callback_origin or an Origin header")
        }
        let (subject, field): (String, String?) =
            switch source {
            case .body: ("callback_origin", "callback_origin")
            case .header: ("The X-AppHandoff-Callback-Origin header", nil)
            case .origin: ("The Origin header", nil)
            case .referer: ("The Referer header", nil)
            }
        let message = "\(subject) \(error?.description ?? "is not an allowed origin")"
        let issues = field.map { [Issue(path: $0, code: .custom, message: message)] } ?? []
        return HTTPError(.originNotAllowed, message, issues: issues)
    }

    /// The path does not support the method.
    /// - Parameter allow: the supported methods, as in the `Allow` field.
    package static func methodNotAllowed(_ allow: String) -> HTTPError {
        HTTPError(.methodNotAllowed, "This path supports only \(allow)", fields: [.allow: allow])
    }

    /// A bucket has no token.
    package static func rateLimited(retryAfter: Duration) -> HTTPError {
        let seconds = retryAfter.retryAfterSeconds
        let time = seconds == 1 ? "1 second" : "\(seconds) seconds"
        return HTTPError(.rateLimited, "Too many requests: try again in \(time)", retryAfter: retryAfter)
    }

    /// Redis does not answer, or not in time, or the mail queue is full.
    package static func serviceUnavailable(retryAfter: Duration) -> HTTPError {
        HTTPError(
            .serviceUnavailable, "The service is unavailable right now: try again shortly", retryAfter: retryAfter)
    }
}

extension HTTPError {
    /// The JSON response.
    package var response: Response {
        var json = JSONWriter(capacity: 256)
        json.member("error", message)
        json.member("code", code.rawValue)
        if !issues.isEmpty {
            json.member("fieldErrors") { json in
                var paths: Set<String> = []
                for issue in issues where paths.insert(issue.path).inserted { json.member(issue.path, issue.message) }
            }
            json.member("issues", forEach: issues) { json, issue in
                json.member("path", issue.path)
                json.member("message", issue.message)
                json.member("code", issue.code.rawValue)
            }
        }
        if let retryAfter { json.member("retryAfter", retryAfter) }
        var response = Response(status: code.status, json: json.finish())
        response.fields.append(fields)
        if let retryAfter { response.fields.append(.retryAfter, String(retryAfter)) }
        return response
    }
}

extension Duration {
    /// The value of `Retry-After` for this duration: whole seconds, rounded up, at least 1 (RFC 9110 §10.2.3).
    package var retryAfterSeconds: Int { max(1, secondsRoundedUp) }
}

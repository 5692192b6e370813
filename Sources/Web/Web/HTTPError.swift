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
    package private(set) var message: Sentence
    package private(set) var issues: [Issue]
    /// The time until a retry makes sense, in whole seconds, at least 1; `nil` if not applicable.
    package let retryAfter: Int?
    /// Additional header fields of this response.
    package var fields: ResponseFields

    package init(
        _ code: Code, _ message: Sentence, issues: [Issue] = [], retryAfter: Duration? = nil,
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
    package static let badRequest = HTTPError(
        .badRequest, .english("The request is not valid HTTP/1.1"))
    /// The head or the body of the request took too long to arrive.
    package static let requestTimeout = HTTPError(.requestTimeout, "The request took too long to arrive")
    package static let payloadTooLarge = HTTPError(
        .payloadTooLarge, "The body is larger than \(Request.maximumBodyByteCount) bytes")
    package static let headerFieldsTooLarge = HTTPError(
        .headerFieldsTooLarge, "The request headers are too large")

    package static let notJSON = HTTPError(
        .unsupportedMediaType, .english("Send a JSON body in UTF-8, with Content-Type: application/json"))
    package static let notForm = HTTPError(
        .unsupportedMediaType, .english("Send a form body, with Content-Type: application/x-www-form-urlencoded"))
    package static let encoded = HTTPError(
        .unsupportedMediaType, .english("Send the body as it is, without a Content-Encoding"))
    package static let notFound = HTTPError(.notFound, "There is nothing at this path")
    package static let internalError = HTTPError(.internalError, "Something went wrong on our side")

    /// The body is not JSON.
    package static func invalidJSON(_ error: JSONError) -> HTTPError {
        HTTPError(.invalidJSON, .english(error.description))
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
        let field: String? =
            switch source {
            case .body: nil
            case .header: "X-AppHandoff-Callback-Origin"
            case .origin: "Origin"
            case .referer: "Referer"
            }
        let message: Sentence =
            switch (field, error) {
            case (nil, nil): "callback_origin is not an allowed origin"
            case (let field?, nil): "The \(field) header is not an allowed origin"
            // The text is not an origin at all, which only the client's developer can fix.
            case (nil, let error?): .english("callback_origin \(error.description)")
            case (let field?, let error?): .english("The \(field) header \(error.description)")
            }
        let issues = field == nil ? [Issue(path: "callback_origin", code: .custom, message: message)] : []
        return HTTPError(.originNotAllowed, message, issues: issues)
    }

    /// The path does not support the method.
    /// - Parameter allow: the supported methods, as in the `Allow` field.
    package static func methodNotAllowed(_ allow: String) -> HTTPError {
        HTTPError(.methodNotAllowed, .english("This path supports only \(allow)"), fields: [.allow: allow])
    }

    /// A bucket has no token.
    package static func rateLimited(retryAfter: Duration) -> HTTPError {
        let seconds = retryAfter.retryAfterSeconds
        guard seconds > 1 else {
            return HTTPError(.rateLimited, "Too many requests: try again in 1 second", retryAfter: retryAfter)
        }
        return HTTPError(
            .rateLimited, "Too many requests: try again in \(seconds) seconds", retryAfter: retryAfter)
    }

    /// Redis does not answer, or not in time, or the mail queue is full.
    package static func serviceUnavailable(retryAfter: Duration) -> HTTPError {
        HTTPError(
            .serviceUnavailable, "The service is unavailable right now: try again shortly", retryAfter: retryAfter)
    }
}

extension HTTPError {
    /// The JSON response, in one language. It is English if one of the error's sentences has no translation.
    /// - Parameter words: the words of a language; `nil` for English.
    package func response(in words: ErrorWords? = nil) -> Response {
        if let words, let error = translated(by: words) { return error.response(in: words.language) }
        return response(in: .english)
    }

    /// The error with its sentences in another language; `nil` if one of them has no translation.
    private func translated(by words: ErrorWords) -> HTTPError? {
        guard let message = words.text(of: message) else { return nil }
        var issues: [Issue] = []
        for issue in self.issues {
            guard let message = words.text(of: issue.message) else { return nil }
            issues.append(Issue(path: issue.path, code: issue.code, message: Sentence(verbatim: message)))
        }
        var error = self
        (error.message, error.issues) = (Sentence(verbatim: message), issues)
        return error
    }

    /// - Parameter language: the language of the sentences.
    private func response(in language: Language) -> Response {
        var json = JSONWriter(capacity: 256)
        json.member("error", message.text)
        json.member("code", code.rawValue)
        if !issues.isEmpty {
            json.member("fieldErrors") { json in
                var paths: Set<String> = []
                for issue in issues where paths.insert(issue.path).inserted {
                    json.member(issue.path, issue.message.text)
                }
            }
            json.member("issues", forEach: issues) { json, issue in
                json.member("path", issue.path)
                json.member("message", issue.message.text)
                json.member("code", issue.code.rawValue)
            }
        }
        if let retryAfter { json.member("retryAfter", retryAfter) }
        var response = Response(status: code.status, json: json.finish())
        response.fields.append(.contentLanguage, language.tag)
        response.fields.append(fields)
        if let retryAfter { response.fields.append(.retryAfter, String(retryAfter)) }
        return response
    }
}

extension Duration {
    /// The value of `Retry-After` for this duration: whole seconds, rounded up, at least 1 (RFC 9110 §10.2.3).
    package var retryAfterSeconds: Int { max(1, secondsRoundedUp) }
}

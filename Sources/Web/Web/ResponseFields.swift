/// The header fields of a response, in the order in which they are sent.
package struct ResponseFields: Sendable, Equatable {
    /// The names of all header fields that Postern sends.
    package enum Name: String, Sendable {
        case accessControlAllowHeaders = "Access-Control-Allow-Headers"
        case accessControlAllowMethods = "Access-Control-Allow-Methods"
        case accessControlAllowOrigin = "Access-Control-Allow-Origin"
        case accessControlExposeHeaders = "Access-Control-Expose-Headers"
        case accessControlMaxAge = "Access-Control-Max-Age"
        case allow = "Allow"
        case cacheControl = "Cache-Control"
        case contentLanguage = "Content-Language"
        case crossOriginOpenerPolicy = "Cross-Origin-Opener-Policy"
        case crossOriginResourcePolicy = "Cross-Origin-Resource-Policy"
        case contentSecurityPolicy = "Content-Security-Policy"
        case contentType = "Content-Type"
        case contentTypeOptions = "X-Content-Type-Options"
        case location = "Location"
        case permissionsPolicy = "Permissions-Policy"
        case rateLimit = "RateLimit"
        case rateLimitPolicy = "RateLimit-Policy"
        case referrerPolicy = "Referrer-Policy"
        case requestID = "X-Request-Id"
        case retryAfter = "Retry-After"
        case robotsTag = "X-Robots-Tag"
        case strictTransportSecurity = "Strict-Transport-Security"
        case vary = "Vary"
        case authenticate = "WWW-Authenticate"
    }

    /// A name and its value.
    package struct Line: Sendable, Equatable {
        package let name: Name
        package let value: String
    }

    package private(set) var lines: [Line] = []

    /// Adds a field. A name must be added only once, and the value must not contain control characters: it is written
    /// by Postern, or was checked when it was read.
    package mutating func append(_ name: Name, _ value: String) {
        assert(value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character in \(name.rawValue)")
        lines.append(Line(name: name, value: value))
    }

    /// Adds all fields of another collection.
    package mutating func append(_ other: ResponseFields) {
        lines += other.lines
    }

    /// Adds all fields of another collection. Values of a name that both have become one list (RFC 9110 §5.3).
    mutating func join(_ other: ResponseFields) {
        for line in other.lines {
            if let index = lines.firstIndex(where: { $0.name == line.name }) {
                lines[index] = Line(name: line.name, value: "\(line.value), \(lines[index].value)")
            } else {
                lines.append(line)
            }
        }
    }

    /// The value of a field; `nil` if it is not set.
    package subscript(name: Name) -> String? {
        lines.first { $0.name == name }?.value
    }
}

extension ResponseFields: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (Name, String)...) {
        for (name, value) in elements { append(name, value) }
    }
}

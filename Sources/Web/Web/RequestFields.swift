import Bytes

/// The header fields that Postern reads. All others are ignored.
///
/// Lines of the same name are joined by commas (RFC 9110 §5.3). If a field that may occur once is repeated, its value
/// is therefore invalid, and the code that parses it refuses it.
package struct RequestFields: Sendable, Equatable {
    package private(set) var acceptLanguage: String?
    package private(set) var authorization: String?
    package private(set) var callbackOrigin: String?
    package private(set) var contentEncoding: String?
    package private(set) var contentType: String?
    package private(set) var forwardedFor: String?
    package private(set) var idempotencyKey: String?
    package private(set) var origin: String?
    package private(set) var referer: String?
    package private(set) var requestID: String?
    package private(set) var secFetchSite: String?

    /// Whether the body is sent as it is: without a content coding, or with `identity` (RFC 9110 §8.4).
    package var isBodyPlain: Bool {
        guard let contentEncoding else { return true }
        return contentEncoding.split(separator: ",").allSatisfy { coding in
            let name: String = coding.trimmingWhitespace().lowercased()
            return name.isEmpty || name == "identity"
        }
    }

    package init() {}

    /// Adds a line. The name's case is ignored.
    package mutating func append(_ name: String, _ value: String) {
        switch name.utf8.count {
        case 6 where isName(name, "origin"): add(value, to: &origin)
        case 7 where isName(name, "referer"): add(value, to: &referer)
        case 12 where isName(name, "content-type"): add(value, to: &contentType)
        case 12 where isName(name, "x-request-id"): add(value, to: &requestID)
        case 13 where isName(name, "authorization"): add(value, to: &authorization)
        case 14 where isName(name, "sec-fetch-site"): add(value, to: &secFetchSite)
        case 16 where isName(name, "content-encoding"): add(value, to: &contentEncoding)
        case 15 where isName(name, "accept-language"): add(value, to: &acceptLanguage)
        case 15 where isName(name, "idempotency-key"): add(value, to: &idempotencyKey)
        case 15 where isName(name, "x-forwarded-for"): add(value, to: &forwardedFor)
        case 28 where isName(name, "x-apphandoff-callback-origin"): add(value, to: &callbackOrigin)
        default: break
        }
    }

    private func isName(_ name: String, _ lowercased: StaticString) -> Bool {
        lowercased.withUTF8Buffer { $0.elementsEqual(name.utf8.lazy.map(\.asciiLowercased)) }
    }

    private func isWhitespace(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0x09 }

    private func add(_ line: String, to value: inout String?) {
        // White space around a value is not part of it (RFC 9110 §5.5).
        let isPadded = isWhitespace(line.utf8.first) || isWhitespace(line.utf8.last)
        let line = isPadded ? String(Substring(line).trimmingWhitespace()) : line
        value = value.map { "\($0), \(line)" } ?? line
    }
}

extension RequestFields: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral lines: (String, String)...) {
        for (name, value) in lines { append(name, value) }
    }
}

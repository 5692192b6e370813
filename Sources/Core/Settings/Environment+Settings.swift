import Bytes
import Platform

extension Environment {
    /// The value of a setting; `nil` if it is not set or empty. A secret may be in a file: ``secretNames``.
    /// - Parameters:
    ///   - name: the environment variable.
    ///   - example: a valid value, for the error.
    ///   - parse: parses the text.
    /// - Throws: ``SettingError`` if the value is invalid.
    package func optional<Value>(
        _ name: String, example: String, _ parse: (String) throws(ParseError) -> Value
    ) throws(SettingError) -> Value? {
        guard let text = try text(of: name) else { return nil }
        do {
            return try parse(text)
        } catch {
            throw SettingError(name, error, example: example)
        }
    }

    /// The value of a setting that must be set.
    /// - Throws: ``SettingError`` if it is not set, empty, or invalid.
    package func required<Value>(
        _ name: String, example: String, _ parse: (String) throws(ParseError) -> Value
    ) throws(SettingError) -> Value {
        guard let value = try optional(name, example: example, parse) else {
            throw SettingError(name, ParseError("must be set"), example: example)
        }
        return value
    }

    /// `SSL_CERT_FILE`: a PEM file of certificate authorities to trust instead of the system's, for all TLS
    /// connections. The variable is OpenSSL's own.
    package func certificateAuthorities() throws(SettingError) -> String? {
        try optional("SSL_CERT_FILE", example: "/etc/ssl/certs/ca-certificates.crt") { (text) throws(ParseError) in text
        }
    }
}

extension SettingError {
    /// The error for a setting whose text cannot be parsed.
    package init(_ name: String, _ error: ParseError, example: String) {
        self.init(name: name, rule: error.rule, example: example)
    }
}

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Environment variables, read by name and parsed at once. An empty one counts as not set.
public struct Environment: Sendable {
    private let value: @Sendable (String) -> String?

    /// The variables of this process, which nothing changes while it runs.
    public init() {
        value = { name in getenv(name).map { String(cString: $0) } }
    }

    /// These variables.
    public init(_ variables: [String: String]) {
        value = { name in variables[name] }
    }

    /// The value of a variable; `nil` where it is not set.
    /// - Parameter parse: reads the text, or throws the rest of a sentence that starts with the variable's name.
    /// - Throws: ``SettingError`` where the text is not what it must be.
    package func optional<Value>(
        _ name: String, example: String, _ parse: (String) throws(Invalid) -> Value
    ) throws(SettingError) -> Value? {
        guard let text = value(name), !text.isEmpty else { return nil }
        do {
            return try parse(text)
        } catch {
            throw SettingError(name: name, rule: error.rule, example: example)
        }
    }

    /// The value of a variable that must be set.
    /// - Throws: ``SettingError`` where it is not, or is wrong.
    package func required<Value>(
        _ name: String, example: String, _ parse: (String) throws(Invalid) -> Value
    ) throws(SettingError) -> Value {
        guard let value = try optional(name, example: example, parse) else {
            throw SettingError(name: name, rule: "must be set", example: example)
        }
        return value
    }
}

/// The rule that a text breaks, as the end of a sentence.
package struct Invalid: Error {
    package let rule: String

    package init(_ rule: String) {
        self.rule = rule
    }

    /// What `parse` makes of a text, or its error's description as the rule that was broken.
    package static func wrapping<Value, Failure: Error & CustomStringConvertible>(
        _ parse: () throws(Failure) -> Value
    ) throws(Invalid) -> Value {
        do throws(Failure) {
            return try parse()
        } catch {
            throw Invalid(error.description)
        }
    }
}

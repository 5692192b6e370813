/// Environment variables, read by name. An empty variable counts as not set.
package struct Environment: Sendable {
    private let value: @Sendable (String) -> String?

    /// The variables of this process, which must not change while it runs.
    package init() {
        value = { name in getenv(name).map { String(cString: $0) } }
    }

    /// A fixed set of variables.
    package init(_ variables: [String: String]) {
        value = { name in variables[name] }
    }

    /// The value of a variable; `nil` if it is not set or empty.
    package subscript(name: String) -> String? {
        guard let text = value(name), !text.isEmpty else { return nil }
        return text
    }
}

/// The error for a setting that is missing or invalid, as one line: its name, its rule, and an example. It does not
/// contain the value, which may be a secret.
package struct SettingError: Error, Equatable, CustomStringConvertible {
    /// The environment variable.
    package let name: String
    /// The rule for the value, as the end of a sentence that starts with the setting's name.
    package let rule: String
    /// A valid value.
    package let example: String

    package init(name: String, rule: String, example: String) {
        self.name = name
        self.rule = rule
        self.example = example
    }

    package var description: String { "\(name) \(rule); for example \(name)=\(example)" }
}

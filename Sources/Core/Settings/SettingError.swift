/// A setting that is missing or wrong, as one line: which, its rule, and an example. The value itself is not in it,
/// since it may be a secret.
package struct SettingError: Error, Equatable, CustomStringConvertible {
    /// The environment variable.
    package let name: String
    /// What its value must be, as the end of a sentence.
    package let rule: String
    package let example: String

    package init(name: String, rule: String, example: String) {
        self.name = name
        self.rule = rule
        self.example = example
    }

    package var description: String { "\(name) \(rule); for example \(name)=\(example)" }
}

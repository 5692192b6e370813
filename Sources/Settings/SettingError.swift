/// A setting that is missing or wrong, as one line: which, its rule, and an example. The value itself is not in it,
/// since it may be a secret.
public struct SettingError: Error, Equatable, CustomStringConvertible {
    /// The environment variable.
    public let name: String
    /// What its value must be, as the end of a sentence.
    public let rule: String
    public let example: String

    public init(name: String, rule: String, example: String) {
        self.name = name
        self.rule = rule
        self.example = example
    }

    public var description: String { "\(name) \(rule); for example \(name)=\(example)" }
}

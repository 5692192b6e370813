/// A text that cannot be parsed: the rule that it breaks, and an example of a text that keeps it.
///
/// It holds nothing of the text itself, which may be a secret.
package struct ParseError: Error, Equatable, CustomStringConvertible {
    /// The end of a sentence that starts with the text's name, such as `must start with https://`.
    package let rule: String
    /// A text that keeps the rule; `nil` if the rule says it all.
    package let example: String?

    package init(_ rule: String, example: String? = nil) {
        self.rule = rule
        self.example = example
    }

    /// The rule.
    package var description: String { rule }

    /// The rule as a sentence of its own, such as `Must start with https://`.
    package var sentence: String { rule.prefix(1).uppercased() + rule.dropFirst() }
}

/// The error for a text that cannot be parsed: the rule that it breaks, and a valid example.
///
/// It contains no part of the text, which may be a secret.
package struct ParseError: Error, Equatable, CustomStringConvertible {
    /// The rule, as the end of a sentence that starts with the name of the text: `must start with https://`.
    package let rule: String
    /// A valid text; `nil` if the rule needs no example.
    package let example: String?

    package init(_ rule: String, example: String? = nil) {
        self.rule = rule
        self.example = example
    }

    /// The rule.
    package var description: String { rule }

    /// The rule with a capital, such as `Must start with https://`.
    package var sentence: String { rule.prefix(1).uppercased() + rule.dropFirst() }
}

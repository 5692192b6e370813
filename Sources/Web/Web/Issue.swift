/// One thing that is wrong with a value, in Zod 4's vocabulary.
package struct Issue: Sendable, Equatable {
    /// What kind of rule was broken. The raw value is stable and meant for programs.
    package enum Code: String, Sendable {
        /// The value is missing or of another type.
        case invalidType = "invalid_type"
        /// A string that is not of its format, such as an e-mail address.
        case invalidFormat = "invalid_format"
        case tooBig = "too_big"
        case tooSmall = "too_small"
        /// A rule of the application's own.
        case custom
    }

    /// Where the value stands: keys and indices joined by dots; the root is the empty string.
    package let path: String
    package let code: Code
    /// A sentence for a person.
    package let message: String

    package init(path: String, code: Code, message: String) {
        self.path = path
        self.code = code
        self.message = message
    }
}

/// What is wrong with a value, and nothing else: a rule's finding before it has a place.
package struct Finding: Sendable, Equatable {
    package let code: Issue.Code
    package let message: String

    package init(_ code: Issue.Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Everything that is wrong with a value, in the order of the schema's fields. Never empty.
package struct ValidationError: Error, Equatable {
    package let issues: [Issue]

    package init(issues: [Issue]) {
        self.issues = issues
    }
}

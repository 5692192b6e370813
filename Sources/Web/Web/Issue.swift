/// One thing that is wrong with a value, in Zod 4's vocabulary.
@usableFromInline package struct Issue: Sendable, Equatable {
    /// What kind of rule was broken. The raw value is stable and meant for programs.
    @usableFromInline package enum Code: String, Sendable {
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
    @usableFromInline package let path: String
    @usableFromInline package let code: Code
    /// A sentence for a person.
    @usableFromInline package let message: String

    @usableFromInline package init(path: String, code: Code, message: String) {
        self.path = path
        self.code = code
        self.message = message
    }
}

/// What is wrong with a value, and nothing else: a rule's finding before it has a place.
@usableFromInline package struct Finding: Sendable, Equatable {
    @usableFromInline package let code: Issue.Code
    @usableFromInline package let message: String

    @usableFromInline package init(_ code: Issue.Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Everything that is wrong with a value, in the order of the schema's fields. Never empty.
@usableFromInline package struct ValidationError: Error, Equatable {
    @usableFromInline package let issues: [Issue]

    @usableFromInline package init(issues: [Issue]) {
        self.issues = issues
    }
}

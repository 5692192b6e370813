/// A violated rule of a schema and the path of the value, in Zod 4's vocabulary.
@usableFromInline package struct Issue: Sendable, Equatable {
    /// The kind of rule that was violated. The raw values are stable and meant for programs.
    @usableFromInline package enum Code: String, Sendable {
        /// The value is missing or has another type.
        case invalidType = "invalid_type"
        /// The string does not have its format, such as that of an email address.
        case invalidFormat = "invalid_format"
        case tooBig = "too_big"
        /// An application-specific rule.
        case custom
    }

    /// The path of the value: keys and indices joined by dots; empty for the root.
    @usableFromInline package let path: String
    @usableFromInline package let code: Code
    @usableFromInline package let message: Sentence

    @usableFromInline package init(path: String, code: Code, message: Sentence) {
        self.path = path
        self.code = code
        self.message = message
    }
}

/// A violated rule without the path of the value.
@usableFromInline package struct Finding: Sendable, Equatable {
    @usableFromInline package let code: Issue.Code
    @usableFromInline package let message: Sentence

    @usableFromInline package init(_ code: Issue.Code, _ message: Sentence) {
        self.code = code
        self.message = message
    }
}

/// All issues of a value, in the order of the schema's fields. Never empty.
@usableFromInline package struct ValidationError: Error, Equatable {
    @usableFromInline package let issues: [Issue]

    @usableFromInline package init(issues: [Issue]) {
        self.issues = issues
    }
}

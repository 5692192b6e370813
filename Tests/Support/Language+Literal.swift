import Net

/// A language as a literal, for tests: a malformed tag ends the test.
extension Language: ExpressibleByStringLiteral {
    package init(stringLiteral tag: String) {
        try! self.init(parsing: tag)
    }
}

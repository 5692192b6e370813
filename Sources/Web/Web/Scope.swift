import Bytes

/// A permission of an API key, such as `links:write`: what it is for, and the action.
package struct Scope: Sendable, Hashable {
    /// The maximum length, in characters.
    package static let maximumLength = 64

    package let text: String

    /// Parses two names of lower-case ASCII letters, digits and `-`, each starting with a letter, separated by a colon.
    /// - Throws: ``ParseError`` with the rule.
    package init(parsing text: String) throws(ParseError) {
        let names = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard text.utf8.count <= Scope.maximumLength, names.count == 2, names.allSatisfy(Scope.isName) else {
            throw ParseError(
                "must be two names of lower-case letters, digits and -, separated by a colon, at most 64 characters",
                example: "links:write")
        }
        self.text = text
    }

    private static func isName(_ name: Substring.UTF8View) -> Bool {
        guard let first = name.first, isLowerCaseLetter(first) else { return false }
        return name.allSatisfy { isLowerCaseLetter($0) || $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
    }

    private static func isLowerCaseLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

extension Scope: ExpressibleByStringLiteral {
    /// A scope in the code. It must be valid.
    package init(stringLiteral text: String) {
        do {
            try self.init(parsing: text)
        } catch {
            preconditionFailure("the scope '\(text)' \(error)")
        }
    }
}

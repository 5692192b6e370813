/// An error in a JSON text. Its description is a sentence for the person who sent the text.
package enum JSONError: Error, Equatable, CustomStringConvertible {
    /// The text is empty, or only whitespace.
    case empty
    /// The bytes are not UTF-8 (RFC 8259 §8.1).
    case notUTF8
    /// The text is not JSON (RFC 8259 §2). `offset` is the number of bytes before the error.
    case malformed(offset: Int)
    /// An object has a name twice. `offset` is the number of bytes before the end of that object.
    case repeatedMember(offset: Int)
    /// Arrays and objects nest deeper than `limit`.
    case tooDeep(limit: Int)

    package var description: String {
        switch self {
        case .empty: "The body is empty; send a JSON object"
        case .notUTF8: "The body is not UTF-8 text"
        case .malformed(let offset): "The body is not valid JSON: error at byte \(offset)"
        case .repeatedMember(let offset): "The body has a member twice in the object that ends at byte \(offset)"
        case .tooDeep(let limit): "The body is nested deeper than \(limit) levels"
        }
    }
}

/// A request's method (RFC 9110 §9). Methods that Postern does not use are all `other`.
package enum Method: Sendable, Equatable {
    case get, head, options, post
    /// Any other, by name.
    case other(String)

    /// Reads a method's name, which is case-sensitive.
    package init(_ name: String) {
        switch name {
        case "GET": self = .get
        case "HEAD": self = .head
        case "OPTIONS": self = .options
        case "POST": self = .post
        default: self = .other(name)
        }
    }

    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .options: "OPTIONS"
        case .post: "POST"
        case .other(let name): name
        }
    }
}

/// A JSON text as a value (RFC 8259).
@usableFromInline package enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// A number; one beyond a double's range is infinite, as in JavaScript.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The name of this value's type in JavaScript and Zod: `null`, `boolean`, `number`, `string`, `array` or `object`.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .boolean: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// The members of a JSON object in the order in which they were written.
///
/// If a name is repeated, its last member counts, as in JavaScript. Names are compared by their bytes: Swift treats
/// some strings as equal whose bytes differ. A lookup takes time proportional to the number of members, which suits
/// bodies of limited size from which a few members are read.
@usableFromInline package struct JSONObject: Sendable, Equatable {
    /// The members in the order in which they were written.
    package private(set) var members: [Member] = []

    /// A name and its value.
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSONValue
    }

    /// Creates an object without members.
    /// - Parameter capacity: the number of members to reserve memory for.
    package init(capacity: Int = 0) {
        members.reserveCapacity(capacity)
    }

    /// Adds a member after all others. A member of the same name stays, but no longer counts.
    package mutating func append(_ name: String, _ value: JSONValue) {
        members.append(Member(name: name, value: value))
    }

    /// The value of the last member of that name; `nil` if there is no such member.
    @usableFromInline package subscript(name: String) -> JSONValue? {
        members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    @usableFromInline package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (name, value) in elements { append(name, value) }
    }
}

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
/// Names are compared by their bytes: Swift treats some strings as equal whose bytes differ. A lookup takes time
/// proportional to the number of members, which suits bodies of limited size from which a few members are read. A parsed
/// object has each name once; in others, the last member of a name counts.
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

    /// Whether two members have the same name.
    var hasRepeatedName: Bool {
        guard members.count > 16 else {
            return members.indices.contains { index in
                members[..<index].contains { $0.name.utf8.elementsEqual(members[index].name.utf8) }
            }
        }
        // Comparing each pair of some thousand names would take milliseconds.
        let names = members.map { Array($0.name.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        return zip(names, names.dropFirst()).contains { $0 == $1 }
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

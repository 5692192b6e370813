/// A JSON text as a value (RFC 8259).
@usableFromInline package enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// A number; one beyond a double's range is infinite, as in JavaScript.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// What JavaScript and Zod call this value's type: `null`, `boolean`, `number`, `string`, `array` or `object`.
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
/// A member is looked for from the end, so that of several with one name the last counts, as in JavaScript. Names are
/// compared by their bytes, unlike Swift's strings, of which some are equal whose bytes are not. A look takes time in
/// proportion to the number of members: this is for bodies of a bounded size, of which a few are read.
@usableFromInline package struct JSONObject: Sendable, Equatable {
    /// The members in the order in which they were written.
    package private(set) var members: [Member] = []

    /// A name and its value.
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSONValue
    }

    /// - Parameter capacity: the members to make room for at once.
    package init(capacity: Int = 0) {
        members.reserveCapacity(capacity)
    }

    package mutating func append(_ name: String, _ value: JSONValue) {
        members.append(Member(name: name, value: value))
    }

    /// The value of the member of that name; `nil` where there is none.
    @usableFromInline package subscript(name: String) -> JSONValue? {
        members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    @usableFromInline package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (name, value) in elements { append(name, value) }
    }
}

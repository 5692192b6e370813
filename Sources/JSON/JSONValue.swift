/// A JSON text as a value (RFC 8259).
///
/// An object is a dictionary: member order is lost, and of members with the same name the decoder keeps one.
public enum JSONValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    /// A number; one beyond a double's range is infinite, as in JavaScript.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// What JavaScript and Zod call this value's type: `null`, `boolean`, `number`, `string`, `array` or `object`.
    public var typeName: String {
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

extension JSONValue: Decodable {
    /// Takes the value out of any decoder.
    ///
    /// A failed attempt costs a thrown error, so the likeliest type is tried first: an object at the root, a string below it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if decoder.codingPath.isEmpty, let members = try? container.decode([String: JSONValue].self) {
            self = .object(members)
        } else if let string = try? container.decode(String.self) {
            self = .string(string)
        } else if container.decodeNil() {
            self = .null
        } else if let boolean = try? container.decode(Bool.self) {
            self = .boolean(boolean)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let members = try? container.decode([String: JSONValue].self) {
            self = .object(members)
        } else if let elements = try? container.decode([JSONValue].self) {
            self = .array(elements)
        } else {
            // What is none of these is a number that no double holds, such as 1e999.
            self = .number(.infinity)
        }
    }
}

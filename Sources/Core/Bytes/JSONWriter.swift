/// Writes one JSON object as bytes, its members in the order in which they are added.
///
/// Strings are escaped as RFC 8259 §7 requires; DEL is escaped too, U+2028 and U+2029 are not. Nothing is validated: a
/// name that is added twice is written twice.
package struct JSONWriter: Sendable {
    private var bytes: [UInt8] = []
    private var needsComma = false

    /// Opens an object.
    /// - Parameter capacity: the number of bytes to reserve memory for.
    package init(capacity: Int = 128) {
        bytes.reserveCapacity(capacity)
        bytes.append(UInt8(ascii: "{"))
    }

    /// Closes the object and returns its bytes. The writer must not be used again.
    package mutating func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        var whole: [UInt8] = []
        swap(&whole, &bytes)
        return whole
    }

    /// Writes a member that is a string.
    package mutating func member(_ name: String, _ value: String) {
        write(name: name)
        write(string: value)
    }

    /// Writes a member that is a whole number.
    package mutating func member(_ name: String, _ value: Int) {
        write(name: name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a member that is `true` or `false`.
    package mutating func member(_ name: String, _ value: Bool) {
        write(name: name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes a member that is an array of strings.
    package mutating func member(_ name: String, _ values: [String]) {
        write(name: name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(string: value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes a member that is an object; `body` writes that object's members.
    package mutating func member(_ name: String, _ body: (inout JSONWriter) -> Void) {
        write(name: name)
        element(body)
    }

    /// Writes a member that is an array of objects, one for each element; `body` writes the members of each.
    package mutating func member<Element>(
        _ name: String, forEach elements: [Element], _ body: (inout JSONWriter, Element) -> Void
    ) {
        write(name: name)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            element { writer in body(&writer, value) }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes a member that is any JSON value.
    package mutating func member(_ name: String, _ value: JSONValue) {
        write(name: name)
        write(value)
    }

    /// Returns an object as bytes, its members in their order.
    package static func text(of object: JSONObject) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        for member in object.members { writer.member(member.name, member.value) }
        return writer.finish()
    }

    private mutating func write(_ value: JSONValue) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .boolean(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let number): write(number)
        case .string(let text): write(string: text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            element { writer in
                for member in object.members { writer.member(member.name, member.value) }
            }
        }
    }

    /// Writes a number in the shortest form that is read as the same number; `null` if it is not finite, as in
    /// JavaScript.
    private mutating func write(_ number: Double) {
        let text =
            if let integer = Int(exactly: number), integer.magnitude <= 1 << 53 {
                String(integer)
            } else {
                number.isFinite ? number.description : "null"
            }
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func element(_ body: (inout JSONWriter) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    private mutating func write(name: String) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        write(string: name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func write(string: String) {
        bytes.append(UInt8(ascii: "\""))
        if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 != 0x7F })
        {
            bytes.append(contentsOf: string.utf8)
        } else {
            write(escaping: string)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(escaping string: String) {
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20, 0x7F:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(.lowercaseHexadecimalDigit(byte >> 4))
                bytes.append(.lowercaseHexadecimalDigit(byte & 15))
            default:
                bytes.append(byte)
            }
        }
    }
}

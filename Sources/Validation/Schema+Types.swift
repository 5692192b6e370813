public import JSON

/// A string.
@inlinable
public func string() -> Schema<String> {
    scalar("string") { if case .string(let string) = $0 { string } else { nil } }
}

/// `true` or `false`.
@inlinable
public func boolean() -> Schema<Bool> {
    scalar("boolean") { if case .boolean(let boolean) = $0 { boolean } else { nil } }
}

/// A finite number.
@inlinable
public func number() -> Schema<Double> {
    scalar("number") { if case .number(let number) = $0, number.isFinite { number } else { nil } }
}

/// An array, each of whose elements is of `element`. The path of an element is its index.
@inlinable
public func array<Element>(_ element: Schema<Element>) -> Schema<[Element]> {
    Schema { value, report in
        guard case .array(let values) = value else {
            report.addTypeMismatch(expected: "array", received: value)
            return nil
        }
        var elements: [Element] = []
        for (index, value) in values.enumerated() {
            report.enter(String(index))
            if let read = element.read(value, &report) { elements.append(read) }
            report.leave()
        }
        return elements.count == values.count ? elements : nil
    }
}

/// A named member of an object.
public struct Field<Output: Sendable>: Sendable {
    @usableFromInline let name: String
    @usableFromInline let schema: Schema<Output>

    @usableFromInline init(name: String, schema: Schema<Output>) {
        self.name = name
        self.schema = schema
    }
}

/// A member of an object, for ``object(_:)``.
@inlinable
public func field<Output>(_ name: String, _ schema: Schema<Output>) -> Field<Output> {
    Field(name: name, schema: schema)
}

/// An object. Its output is a tuple of its fields' outputs; members that no field names are ignored.
@inlinable
public func object<each Output>(_ fields: repeat Field<each Output>) -> Schema<(repeat each Output)> {
    Schema { value, report in
        guard case .object(let members) = value else {
            report.addTypeMismatch(expected: "object", received: value)
            return nil
        }
        // All fields are read before the first that failed ends it, so that every issue is reported.
        let outputs = (repeat read(each fields, of: members, &report))
        do {
            return (repeat try unwrap(each outputs))
        } catch {
            return nil
        }
    }
}

@inlinable
func read<Output>(_ field: Field<Output>, of members: JSONObject, _ report: inout Report) -> Output? {
    report.enter(field.name)
    defer { report.leave() }
    return field.schema.read(members[field.name], &report)
}

/// A field without an output, which has reported why.
@usableFromInline
struct FieldFailed: Error {
    @usableFromInline init() {}
}

@inlinable
func unwrap<Output>(_ output: Output?) throws(FieldFailed) -> Output {
    guard let output else { throw FieldFailed() }
    return output
}

@inlinable
func scalar<Output>(
    _ typeName: String, _ extract: @escaping @Sendable (JSONValue) -> Output?
) -> Schema<Output> {
    Schema { value, report in
        if let value, let output = extract(value) { return output }
        report.addTypeMismatch(expected: typeName, received: value)
        return nil
    }
}

import JSON

/// A string.
public func string() -> Schema<String> {
    scalar("string") { if case .string(let string) = $0 { string } else { nil } }
}

/// `true` or `false`.
public func boolean() -> Schema<Bool> {
    scalar("boolean") { if case .boolean(let boolean) = $0 { boolean } else { nil } }
}

/// A finite number.
public func number() -> Schema<Double> {
    scalar("number") { if case .number(let number) = $0, number.isFinite { number } else { nil } }
}

/// An array, each of whose elements is of `element`. The path of an element is its index.
public func array<Element>(_ element: Schema<Element>) -> Schema<[Element]> {
    Schema { value, report in
        guard case .array(let values) = value else {
            report.addTypeMismatch(expected: "array", received: value)
            return nil
        }
        var elements: [Element] = []
        for (index, value) in values.enumerated() {
            if let read = report.descend(to: String(index), { element.read(value, &$0) }) { elements.append(read) }
        }
        return elements.count == values.count ? elements : nil
    }
}

/// A named member of an object.
public struct Field<Output: Sendable>: Sendable {
    let name: String
    let schema: Schema<Output>
}

/// A member of an object, for ``object(_:)``.
public func field<Output>(_ name: String, _ schema: Schema<Output>) -> Field<Output> {
    Field(name: name, schema: schema)
}

/// An object. Its output is a tuple of its fields' outputs; members that no field names are ignored.
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

private func read<Output>(_ field: Field<Output>, of members: [String: JSONValue], _ report: inout Report) -> Output? {
    report.descend(to: field.name) { field.schema.read(members[field.name], &$0) }
}

/// A field without an output, which has reported why.
private struct FieldFailed: Error {}

private func unwrap<Output>(_ output: Output?) throws(FieldFailed) -> Output {
    guard let output else { throw FieldFailed() }
    return output
}

private func scalar<Output>(
    _ typeName: String, _ extract: @escaping @Sendable (JSONValue) -> Output?
) -> Schema<Output> {
    Schema { value, report in
        if let value, let output = extract(value) { return output }
        report.addTypeMismatch(expected: typeName, received: value)
        return nil
    }
}

import Bytes

/// A string.
@inlinable package func string() -> Schema<String> {
    scalar("string") { if case .string(let string) = $0 { string } else { nil } }
}

/// `true` or `false`.
@inlinable package func boolean() -> Schema<Bool> {
    scalar("boolean") { if case .boolean(let boolean) = $0 { boolean } else { nil } }
}

/// An object with any members.
@inlinable package func anyObject() -> Schema<JSONObject> {
    scalar("object") { if case .object(let object) = $0 { object } else { nil } }
}

/// A named member of an object.
@usableFromInline package struct Field<Output: Sendable>: Sendable {
    @usableFromInline let name: String
    @usableFromInline let schema: Schema<Output>

    @inlinable init(name: String, schema: Schema<Output>) {
        self.name = name
        self.schema = schema
    }
}

/// A member of an object, for ``object(_:)``.
@inlinable package func field<Output>(_ name: String, _ schema: Schema<Output>) -> Field<Output> {
    Field(name: name, schema: schema)
}

/// An object. Its output is a tuple of its fields' outputs. Members without a field are ignored.
@inlinable package func object<each Output>(_ fields: repeat Field<each Output>) -> Schema<(repeat each Output)> {
    Schema { value, report in
        guard case .object(let members) = value else {
            report.addTypeMismatch(expected: "object", received: value)
            return nil
        }
        // All fields are read before any failure ends this, so that every issue is reported.
        let outputs = (repeat read(each fields, of: members, &report))
        do {
            return (repeat try unwrap(each outputs))
        } catch {
            return nil
        }
    }
}

/// An object with no other members than its fields, each at most once. Its output is a tuple of its fields' outputs.
@inlinable package func strictObject<each Output>(
    _ fields: repeat Field<each Output>
) -> Schema<(repeat each Output)> {
    var names: [String] = []
    for field in repeat each fields { names.append(field.name) }
    let known = names
    let read = object(repeat each fields).read
    return Schema { value, report in
        let output = read(value, &report)
        if case .object(let members) = value { report.addStrangeMember(of: members, known) }
        return output
    }
}

@inlinable func read<Output>(_ field: Field<Output>, of members: JSONObject, _ report: inout Report) -> Output? {
    report.enter(field.name)
    defer { report.leave() }
    return field.schema.read(members[field.name], &report)
}

/// The failure of a field, which has already reported its issues.
@usableFromInline struct FieldFailed: Error {
    @inlinable init() {}
}

@inlinable func unwrap<Output>(_ output: Output?) throws(FieldFailed) -> Output {
    guard let output else { throw FieldFailed() }
    return output
}

@inlinable func scalar<Output>(
    _ typeName: String, _ extract: @escaping @Sendable (JSONValue) -> Output?
) -> Schema<Output> {
    Schema { value, report in
        if let value, let output = extract(value) { return output }
        report.addTypeMismatch(expected: typeName, received: value)
        return nil
    }
}

import Bytes

/// A description of the values that are accepted, and of what each becomes.
///
/// Schemas are values and compose as Zod's do:
///
///     let schema = object(
///         field("email", string().email().max(254)),
///         field("tags", array(string().min(1)).optional()))
///     let (email, tags) = try schema.parse(value)
///
/// A schema reports everything that is wrong, not the first thing. Messages and codes are those of Zod 4.
@usableFromInline package struct Schema<Output: Sendable>: Sendable {
    /// Reads a value (`nil`: there is none), reports what is wrong with it, and gives its output where nothing is.
    @usableFromInline let read: @Sendable (JSONValue?, inout Report) -> Output?

    @inlinable init(read: @escaping @Sendable (JSONValue?, inout Report) -> Output?) {
        self.read = read
    }

    /// Reads a value.
    /// - Throws: ``ValidationError`` with every issue.
    @inlinable package func parse(_ value: JSONValue) throws(ValidationError) -> Output {
        var report = Report()
        if let output = read(value, &report), report.issues.isEmpty { return output }
        throw ValidationError(issues: report.issues)
    }

    /// The same schema, where the value may also be missing. A `null` is not missing.
    @inlinable package func optional() -> Schema<Output?> {
        let read = self.read
        return Schema<Output?> { value, report in
            guard let value else { return .some(nil) }
            return read(value, &report).map(Optional.some)
        }
    }

    /// Adds a rule of the application's own.
    /// - Parameters:
    ///   - message: what is reported where the rule does not hold.
    ///   - isValid: whether the rule holds.
    @inlinable package func refine(_ message: String, _ isValid: @escaping @Sendable (Output) -> Bool) -> Schema {
        check { isValid($0) ? nil : Finding(.custom, message) }
    }

    /// Turns what was read into something else, such as a type of the domain, or reports why it cannot.
    ///
    /// It is not called where an issue was already found in this value.
    @inlinable package func transform<Other: Sendable>(
        _ convert: @escaping @Sendable (Output) -> Transformed<Other>
    ) -> Schema<Other> {
        let read = self.read
        return Schema<Other> { value, report in
            let before = report.issues.count
            guard let output = read(value, &report), report.issues.count == before else { return nil }
            switch convert(output) {
            case .value(let other):
                return other
            case .refused(let finding):
                report.add(finding)
                return nil
            }
        }
    }

    /// Adds a rule; the ones after it are asked too, so that all of them report.
    @inlinable func check(_ rule: @escaping @Sendable (Output) -> Finding?) -> Schema {
        let read = self.read
        return Schema { value, report in
            guard let output = read(value, &report) else { return nil }
            if let finding = rule(output) { report.add(finding) }
            return output
        }
    }
}

/// What ``Schema/transform(_:)`` makes of a value.
@usableFromInline package enum Transformed<Value: Sendable>: Sendable {
    case value(Value)
    case refused(Finding)
}

/// The issues found so far, and the place that is being looked at.
@usableFromInline struct Report {
    @usableFromInline private(set) var issues: [Issue] = []
    private var path: [String] = []

    @inlinable init() {}

    @usableFromInline mutating func add(_ finding: Finding) {
        issues.append(Issue(path: path.joined(separator: "."), code: finding.code, message: finding.message))
    }

    /// Goes one step further down, until ``leave()``.
    @usableFromInline mutating func enter(_ key: String) { path.append(key) }

    @usableFromInline mutating func leave() { path.removeLast() }

    @usableFromInline mutating func addTypeMismatch(expected: String, received: JSONValue?) {
        add(Finding(.invalidType, "Invalid input: expected \(expected), received \(received?.typeName ?? "undefined")"))
    }
}

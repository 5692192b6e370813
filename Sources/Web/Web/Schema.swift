import Bytes

/// A description of accepted values and of their output.
///
/// Schemas are values, and are combined like Zod's:
///
///     let schema = object(
///         field("email", string().email().max(254)),
///         field("terms", boolean().optional()))
///     let (email, terms) = try schema.parse(value)
///
/// A schema reports all issues, not only the first. Messages and codes are those of Zod 4.
@usableFromInline package struct Schema<Output: Sendable>: Sendable {
    /// Reads a value (`nil` if missing), reports its issues, and returns its output, or `nil` if it could not be read.
    @usableFromInline let read: @Sendable (JSONValue?, inout Report) -> Output?

    @inlinable init(read: @escaping @Sendable (JSONValue?, inout Report) -> Output?) {
        self.read = read
    }

    /// Returns the output for a value.
    /// - Throws: ``ValidationError`` with every issue.
    @inlinable package func parse(_ value: JSONValue) throws(ValidationError) -> Output {
        var report = Report()
        if let output = read(value, &report), report.issues.isEmpty { return output }
        throw ValidationError(issues: report.issues)
    }

    /// The same schema, but the value may also be missing. `null` does not count as missing.
    @inlinable package func optional() -> Schema<Output?> {
        let read = self.read
        return Schema<Output?> { value, report in
            guard let value else { return .some(nil) }
            return read(value, &report).map(Optional.some)
        }
    }

    /// Adds an application-specific rule.
    /// - Parameters:
    ///   - message: the message that is reported if the rule is violated.
    ///   - isValid: whether a value satisfies the rule.
    @inlinable package func refine(_ message: Sentence, _ isValid: @escaping @Sendable (Output) -> Bool) -> Schema {
        check { isValid($0) ? nil : Finding(.custom, message) }
    }

    /// Converts the output to another type, or reports a finding.
    ///
    /// `convert` is not called if this value already has an issue.
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

    /// Adds a rule. The rules after it are checked even if it is violated, so that all violations are reported.
    @inlinable func check(_ rule: @escaping @Sendable (Output) -> Finding?) -> Schema {
        let read = self.read
        return Schema { value, report in
            guard let output = read(value, &report) else { return nil }
            if let finding = rule(output) { report.add(finding) }
            return output
        }
    }
}

/// The result of a conversion in ``Schema/transform(_:)``.
@usableFromInline package enum Transformed<Value: Sendable>: Sendable {
    case value(Value)
    case refused(Finding)
}

/// The issues found so far, and the path of the current value.
@usableFromInline struct Report {
    @usableFromInline private(set) var issues: [Issue] = []
    private var path: [String] = []

    @inlinable init() {}

    @usableFromInline mutating func add(_ finding: Finding) {
        issues.append(Issue(path: path.joined(separator: "."), code: finding.code, message: finding.message))
    }

    /// Adds a key to the path, until ``leave()`` removes it.
    @usableFromInline mutating func enter(_ key: String) { path.append(key) }

    @usableFromInline mutating func leave() { path.removeLast() }

    /// Adds the first member that has no field.
    /// - Parameter known: the names of the fields.
    @usableFromInline mutating func addStrangeMember(of members: JSONObject, _ known: [String]) {
        for name in members.members.map(\.name) {
            guard !known.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { continue }
            // Scalars, because a character may have any number of them.
            let scalars = name.unicodeScalars
            let shown = String(scalars.prefix(64)) + (scalars.count > 64 ? "…" : "")
            return add(Finding(.custom, .english("Unrecognized key: \"\(shown)\"")))
        }
    }

    @usableFromInline mutating func addTypeMismatch(expected: String, received: JSONValue?) {
        guard let received else {
            return add(Finding(.invalidType, "Invalid input: expected \(expected), received undefined"))
        }
        add(Finding(.invalidType, "Invalid input: expected \(expected), received \(received.typeName)"))
    }
}

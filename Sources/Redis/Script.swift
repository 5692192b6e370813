/// A Lua script with named keys and arguments.
///
/// The script's file starts with `local first, second = unpack(KEYS)` and `local third, fourth = unpack(ARGV)`. A test
/// compares those names with the cases of `Key` and `Argument`. No script uses a key that it was not given, so that a
/// cluster whose keys share a hash tag can route the call.
package struct Script<Key: ScriptName, Argument: ScriptName>: Sendable {
    package let source: ScriptSource

    /// - Parameter parts: the texts of shared functions, then the script's own.
    package init(_ parts: [UInt8]...) {
        source = ScriptSource(
            parts.reduce([], +), keyNames: Key.allCases.map(\.rawValue),
            argumentNames: Argument.allCases.map(\.rawValue))
    }

    /// Calls the script.
    /// - Parameters:
    ///   - buckets: the buckets to take from; their keys and settings follow those with names.
    ///   - mayRepeat: whether the script may be called again if its reply was lost. The second call must then change
    ///     nothing.
    ///   - capacity: the number of bytes to reserve memory for.
    ///   - keys: appends every key, in order.
    ///   - arguments: appends every argument, in order.
    /// - Throws: ``RedisError``.
    package func call(
        on redis: RedisClient, _ buckets: Buckets = Buckets(), mayRepeat: Bool = true, capacity: Int = 512,
        keys: (inout NamedValues<Key>) -> Void, arguments: (inout NamedValues<Argument>) -> Void = { _ in }
    ) async throws(RedisError) -> RESPValue {
        try await source.call(on: redis, mayRepeat: mayRepeat, capacity: capacity) { command in
            command.append(Key.allCases.count + buckets.count)
            NamedValues.append(to: &command, keys)
            buckets.appendKeys(to: &command)
            NamedValues.append(to: &command, arguments)
            buckets.appendSettings(to: &command)
        }
    }
}

/// The names of a script's keys or arguments: an enumeration whose raw values are the script's variables, in order.
package protocol ScriptName: CaseIterable, Equatable, Sendable {
    var rawValue: String { get }
}

/// The names of a script that has no keys, or no arguments.
package enum NoNames: ScriptName {
    package var rawValue: String {
        switch self {}
    }
}

/// Appends the keys or arguments of a script's call by their names.
package struct NamedValues<Name: ScriptName>: ~Copyable {
    private var command: RedisCommand
    private var count = 0

    private init(_ command: consuming RedisCommand) {
        self.command = command
    }

    /// Appends values to a command.
    fileprivate static func append(to command: inout RedisCommand, _ fill: (inout NamedValues) -> Void) {
        // The command is moved, because a second reference to its memory would copy it.
        var values = NamedValues(command.take())
        fill(&values)
        assert(values.count == Name.allCases.count, "the call lacks values after \(values.count)")
        command = values.command
    }

    /// Appends a text.
    package mutating func append(_ name: Name, _ text: String) {
        check(name)
        command.append(text)
    }

    /// Appends bytes.
    package mutating func append(_ name: Name, _ bytes: [UInt8]) {
        check(name)
        command.append(bytes)
    }

    /// Appends a number, which must not be negative.
    package mutating func append(_ name: Name, _ number: Int) {
        check(name)
        command.append(number)
    }

    /// Appends a text that follows the last name.
    package mutating func append(rest text: String) {
        assert(count == Name.allCases.count, "named values come first")
        command.append(text)
    }

    /// Appends bytes that follow the last name.
    package mutating func append(rest bytes: [UInt8]) {
        assert(count == Name.allCases.count, "named values come first")
        command.append(bytes)
    }

    /// Checks in debug builds that values come in the order of their names.
    private mutating func check(_ name: Name) {
        assert(Array(Name.allCases)[count] == name, "\(name) is not value number \(count + 1)")
        count += 1
    }
}

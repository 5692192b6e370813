import Foundation

/// A program that a test starts. It is killed when this object is released.
package final class ChildProcess: @unchecked Sendable {
    // Unchecked: `Process` is only started, signalled and waited for, which Foundation allows from any thread.
    private let process = Process()
    private let output: URL

    /// Starts a program.
    /// - Parameters:
    ///   - program: a path, or a name that is looked up in `PATH`.
    ///   - environment: variables in addition to the test's own.
    package init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        output = FileManager.default.temporaryDirectory.appendingPathComponent("postern-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let file = try FileHandle(forWritingTo: output)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, own in own }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        // The threads that run tests block signals. The program would inherit that, and ignore the signals sent to it.
        var (none, mask) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &mask)
        defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
        try process.run()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: output)
    }

    package var isRunning: Bool { process.isRunning }

    /// The process id.
    package var id: Int32 { process.processIdentifier }

    /// The text written so far to standard output and standard error.
    package var log: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// Sends a signal.
    package func signal(_ number: Int32) { Foundation.kill(id, number) }

    /// The memory in use (resident set size), in KiB.
    /// - Throws: An error if the process has ended.
    package func residentKilobytes() throws -> Int { try Memory.kilobytes("VmRSS", of: id) }

    /// Waits until the process has ended, and returns its exit status.
    /// - Throws: ``Timeout`` if it does not end in time.
    package func waitForExit(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try await eventually(within: limit, "the end of process \(id)") { !self.process.isRunning }
        return process.terminationStatus
    }

    /// Sends SIGTERM, and SIGKILL if the process has not ended within ten seconds. Blocks until it has ended.
    package func terminate() {
        signal(SIGTERM)
        for _ in 0..<1000 where isRunning { usleep(10_000) }
        kill()
    }

    /// Kills the process, even if it is stopped.
    package func kill() {
        guard process.isRunning else { return }
        signal(SIGKILL)
        process.waitUntilExit()
    }

    /// Runs a program until it ends, and returns its standard output.
    /// - Throws: ``Failure`` if its exit status is not 0.
    package static func output(_ program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(command: "\(program) \(arguments)") }
        return data
    }

    /// A program ended with a status other than 0.
    package struct Failure: Error {
        package let command: String
    }
}

/// A condition did not hold in time.
package struct Timeout: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Waits until a condition holds, checking it every 5 ms.
/// - Parameters:
///   - limit: the longest time to wait.
///   - what: a description of the condition, for the error.
/// - Throws: ``Timeout`` if it does not hold in time.
package func eventually(
    within limit: Duration = .seconds(10), _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Timeout(description: "waited \(limit) for \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Runs a blocking function on a new thread.
package func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

/// A free port of the loopback interface. Another program may take it before the caller does.
package func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
        }
    }
    guard code == 0 else { throw Timeout(description: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}

import Foundation

/// A program that a test started, and that ends with it.
package final class ChildProcess: @unchecked Sendable {
    // Unchecked: `Process` is only started, signalled and waited for, which Foundation allows from any thread.
    private let process = Process()
    private let output: URL

    /// Starts a program found on the path, or by its own path.
    /// - Parameter environment: what it is given besides the test's own environment.
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
        // The threads that run tests block signals, which a program would inherit: it is to take those that it is sent.
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

    /// The operating system's number for the process.
    package var id: Int32 { process.processIdentifier }

    /// What it has written so far, to both outputs.
    package var log: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// Sends a signal.
    package func signal(_ number: Int32) { Foundation.kill(id, number) }

    /// The memory that it has in use, in KiB.
    /// - Throws: where it has ended.
    package func residentKilobytes() throws -> Int { try Memory.kilobytes("VmRSS", of: id) }

    /// Waits until it has ended, and gives its exit status.
    /// - Throws: ``Timeout`` where it does not end in time.
    package func waitForExit(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try await eventually(within: limit, "the end of process \(id)") { !self.process.isRunning }
        return process.terminationStatus
    }

    /// Tells it to end, and ends it at once where it has not done so within ten seconds. Blocks meanwhile.
    package func terminate() {
        signal(SIGTERM)
        for _ in 0..<1000 where isRunning { usleep(10_000) }
        kill()
    }

    /// Ends it at once, also where it is stopped.
    package func kill() {
        guard process.isRunning else { return }
        signal(SIGKILL)
        process.waitUntilExit()
    }

    /// Runs a program to its end, and gives what it wrote to its standard output.
    /// - Throws: ``Failure`` where it fails.
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

    /// A program that ended with another status than 0.
    package struct Failure: Error {
        package let command: String
    }
}

/// Something did not come to be in time.
package struct Timeout: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Waits until a condition holds.
/// - Throws: ``Timeout`` where it does not in time.
package func eventually(
    within limit: Duration = .seconds(10), _ what: String, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Timeout(description: "waited \(limit) for \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Does something that blocks on a thread of its own, of which there may be many at once.
package func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

/// A port of the loopback interface that nothing listened at a moment ago.
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

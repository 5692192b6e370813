import Foundation
import TestSupport

/// A program that was started, and that has to be ended. What it writes to its standard output goes to standard error.
///
/// It is not a ``ChildProcess``, which starts a program by way of another: that would be part of the program's time.
struct Program: Sendable {
    /// A program that cannot be started.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Between SIGTERM and SIGKILL: as long as Lambda waits.
    private static let grace = Duration.milliseconds(500)

    /// Just before it was started.
    let start: ContinuousClock.Instant
    private let id: pid_t

    /// Starts a program found on the path, or by its own path.
    /// - Parameters:
    ///   - command: the program and its arguments; not empty.
    ///   - environment: what it is given besides this process' own environment.
    /// - Throws: ``Failure``.
    init(_ command: [String], environment: [String: String]) throws(Failure) {
        var attributes = posix_spawnattr_t()
        var actions = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        // A program would inherit that threads of this process block signals, and that SwiftNIO ignores SIGPIPE.
        var (none, pipe) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &pipe)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        Program.closeFilesOnExec()
        let variables = ProcessInfo.processInfo.environment.merging(environment) { _, own in own }
        var arguments = command.map { strdup($0) } + [nil]
        var entries = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + entries { free(text) } }
        var id = pid_t()
        start = ContinuousClock.now
        let code = posix_spawnp(&id, command[0], &actions, &attributes, &arguments, &entries)
        guard code == 0 else {
            throw Failure(description: "cannot start \(command[0]): \(String(cString: strerror(code)))")
        }
        self.id = id
    }

    /// Has a started program not inherit this process' files: SwiftNIO would leave it the listening socket.
    private static func closeFilesOnExec() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            guard let descriptor = CInt(name), descriptor > STDERR_FILENO else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Whether it has ended by itself.
    var hasEnded: Bool {
        var end = siginfo_t()
        // It is only looked at: until ``end()`` its number is nobody else's.
        return waitid(P_PID, id_t(id), &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_signo != 0
    }

    /// The most memory that it has had in use, in KiB; `nil` once it has ended. (`ru_maxrss` would count what this
    /// process had in use when it started the program.)
    var peakKilobytes: Int? { try? Memory.kilobytes("VmHWM", of: id) }

    /// Ends it: by SIGTERM, or where that takes too long by SIGKILL.
    /// - Returns: how it ended: a verb and its status.
    func end() async -> String {
        kill(id, SIGTERM)
        try? await eventually(within: Program.grace, "the end of process \(id)") { hasEnded }
        kill(id, SIGKILL)
        var status = CInt()
        waitpid(id, &status, 0)
        let signal = status & 0x7F
        return signal == 0 ? "ended with status \(status >> 8 & 0xFF)" : "was ended by signal \(signal)"
    }
}

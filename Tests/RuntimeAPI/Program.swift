import Foundation
import TestSupport

/// A started program, which the caller must end. Its standard output is redirected to standard error.
///
/// This is not a ``ChildProcess``, because that starts a program through `env`, which would add to the measured time.
struct Program: Sendable {
    /// The program cannot be started.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The time between SIGTERM and SIGKILL, as on Lambda.
    private static let grace = Duration.milliseconds(500)

    /// The time just before the program was started.
    let start: ContinuousClock.Instant
    private let id: pid_t

    /// Starts a program.
    /// - Parameters:
    ///   - command: the program and its arguments; not empty. The program is a path, or a name that is looked up in
    ///     `PATH`.
    ///   - environment: variables in addition to this process's own.
    /// - Throws: ``Failure`` if the program cannot be started.
    init(_ command: [String], environment: [String: String]) throws(Failure) {
        var attributes = posix_spawnattr_t()
        var actions = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        // Otherwise the program would inherit the signals blocked by this process's threads, and the SIGPIPE that
        // SwiftNIO ignores.
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

    /// Keeps the program from inheriting this process's files, such as SwiftNIO's listening socket.
    private static func closeFilesOnExec() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            guard let descriptor = CInt(name), descriptor > STDERR_FILENO else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Whether the program has ended.
    var hasEnded: Bool {
        var end = siginfo_t()
        // WNOWAIT: until ``end()``, the process is not reaped, so its id cannot be reused.
        return waitid(P_PID, id_t(id), &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_signo != 0
    }

    /// The peak of the program's memory, in KiB; `nil` once it has ended. (`ru_maxrss` would include the memory that
    /// this process used when it started the program.)
    var peakKilobytes: Int? { try? Memory.kilobytes("VmHWM", of: id) }

    /// Ends the program with SIGTERM, or with SIGKILL if that takes too long.
    /// - Returns: A description of its end, such as "ended with status 0".
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

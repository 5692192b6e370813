import ArgumentParser
import Platform
import Telemetry

/// Failures of a command. Each writes a line to standard error, and returns the exit status.
enum CommandFailure {
    /// A setting is missing or invalid.
    static func wrongSetting(_ error: some Error & CustomStringConvertible) -> ExitCode {
        end(EX_CONFIG, error.description)
    }

    /// Redis does not answer, or answers with an error.
    static func redisFailed(_ error: some Error & CustomStringConvertible) -> ExitCode {
        end(EX_UNAVAILABLE, error.description)
    }

    /// The command could not do its work.
    static func notDone(_ line: String) -> ExitCode {
        end(EXIT_FAILURE, line)
    }

    private static func end(_ status: CInt, _ line: String) -> ExitCode {
        fflush(nil)  // So that earlier output comes first.
        StandardError.write("postern: \(shown(line))\n")
        return ExitCode(status)
    }
}

/// Writes a line about something that may not be meant, to standard error.
func warning(_ line: String) {
    fflush(nil)  // So that earlier output comes first.
    StandardError.write("postern: \(shown(line))\n")
}

/// Shows progress on a line of the terminal that the next call overwrites. Does nothing if standard error is not a
/// terminal.
func showProgress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    StandardError.write("\r\u{1B}[K\(text)")
}

/// Removes the line with the progress.
func endProgress() {
    showProgress("")
}

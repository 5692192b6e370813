import ArgumentParser
import Platform
import Telemetry

/// Ways for a command to end other than well: a line on standard error, and an exit status.
enum CommandFailure {
    /// A setting is missing or wrong.
    static func wrongSetting(_ error: some Error & CustomStringConvertible) -> ExitCode {
        end(EX_CONFIG, error.description)
    }

    /// Redis does not answer, or not as it should.
    static func redisFailed(_ error: some Error & CustomStringConvertible) -> ExitCode {
        end(EX_UNAVAILABLE, error.description)
    }

    /// What was asked for could not be done.
    static func notDone(_ line: String) -> ExitCode {
        end(EXIT_FAILURE, line)
    }

    private static func end(_ status: CInt, _ line: String) -> ExitCode {
        fflush(nil)  // What was printed comes first.
        StandardError.write("postern: \(line)\n")
        return ExitCode(status)
    }
}

/// Shows how far something has come, on a line that is written over; where nobody looks on, nothing.
func showProgress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    StandardError.write("\r\u{1B}[K\(text)")
}

/// Removes that line.
func endProgress() {
    showProgress("")
}

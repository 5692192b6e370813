import Bytes
import Cryptography
import NIOCore
import NIOPosix
import Platform
import ServiceLifecycle
import Serving
import Settings
import Telemetry

/// The process of a program that serves requests until SIGTERM or SIGINT.
package enum ServerProcess {
    /// Runs a program. The main thread starts the services and then waits for signals, and event loops do everything
    /// else, so that the start does not wait for other threads.
    package static func run<Program: ServerProgram>(_: Program.Type) -> Never {
        openStandardDescriptors()
        let registry = MetricsRegistry()
        let log = LogWriter(registry)
        switch CommandLine.arguments.dropFirst() {
        case []: break
        case ["--version"]:
            print("\(Program.name) \(Version.text)")
            exit(EXIT_SUCCESS)
        case let arguments:
            let words = withoutControlCharacters(arguments.joined(separator: " "))
            end(
                Program.name, with: EX_USAGE,
                saying: "cannot start with the arguments '\(words)': the only one is --version. "
                    + "bootstrap starts the handler, and bootstrap api the API.", log)
        }
        let signals = EndSignals()
        OpenSSL.prepare()
        let environment = Environment()
        do {
            let services = try ServerServices(Program(environment, metrics: registry), registry, log)
            let (group, executor) = (services.group, EventLoopExecutor(services.eventLoop))
            Task(executorPreference: executor) {
                do {
                    try await group.run()
                    log.flush()
                    exit(EXIT_SUCCESS)
                } catch {
                    end(Program.name, with: EXIT_FAILURE, saying: String(describing: error), log)
                }
            }
            while true {
                signals.wait()
                Task(executorPreference: executor) { await group.triggerGracefulShutdown() }
            }
        } catch let error as SettingError {
            reportToHost(error, environment)
            end(Program.name, with: EX_CONFIG, saying: error.description, log)
        } catch {
            end(Program.name, with: EXIT_FAILURE, saying: String(describing: error), log)
        }
    }

    /// Reports a configuration error to hosts that accept one (Lambda's `/init/error`).
    private static func reportToHost(_ error: SettingError, _ environment: Environment) {
        guard let (host, port) = try? RequestSource.runtimeAPI(environment) else { return }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let address = RuntimeAPIAddress(host: host, port: port)
        let report = eventLoop.makeFutureWithTask {
            await LambdaRuntime.reportFailure(error.description, to: address, on: eventLoop)
        }
        try? report.wait()
    }

    /// Ends the process, after one line on standard error.
    private static func end(_ name: String, with status: CInt, saying line: String, _ log: LogWriter) -> Never {
        log.write(Array("\(name): \(line)\n".utf8))
        log.flush()
        exit(status)
    }
}

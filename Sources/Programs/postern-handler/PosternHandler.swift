import Cryptography
import NIOCore
import NIOPosix
import Platform
import ServiceLifecycle
import Serving
import Settings
import Telemetry

/// The stateless handler. It reads its settings and serves requests until SIGTERM or SIGINT.
@main
enum PosternHandler {
    /// Starts the services. The main thread then waits for signals, and event loops do everything else, so that the
    /// start does not wait for other threads.
    static func main() {
        if CommandLine.arguments.dropFirst().first == "--version" {
            print("postern-handler \(Version.text)")
            exit(EXIT_SUCCESS)
        }
        let signals = EndSignals()
        OpenSSL.prepare()
        let environment = Environment()
        do {
            let handler = try HandlerServices(HandlerSettings(environment))
            let (services, executor) = (handler.group, EventLoopExecutor(handler.eventLoop))
            Task(executorPreference: executor) {
                do {
                    try await services.run()
                    exit(EXIT_SUCCESS)
                } catch {
                    end(with: EXIT_FAILURE, saying: String(describing: error))
                }
            }
            while true {
                signals.wait()
                Task(executorPreference: executor) { await services.triggerGracefulShutdown() }
            }
        } catch let error as SettingError {
            reportToHost(error, environment)
            end(with: EX_CONFIG, saying: error.description)
        } catch {
            end(with: EXIT_FAILURE, saying: String(describing: error))
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
    private static func end(with status: CInt, saying line: String) -> Never {
        StandardError.write("postern-handler: \(line)\n")
        exit(status)
    }
}

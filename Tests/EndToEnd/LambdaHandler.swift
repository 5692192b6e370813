import Foundation
import TestSupport

/// The release build of the handler as a function of AWS Lambda, with a simulated Runtime API. It is started by
/// `bootstrap`, or directly, as in the archive for Lambda.
final class LambdaHandler: Sendable {
    let api: RuntimeAPIServer
    let process: ChildProcess
    /// The port in its settings, on which it must not listen.
    let port: Int

    /// Starts the handler, and waits until it waits for its first event, or has ended.
    /// - Parameters:
    ///   - url: the URL of Redis.
    ///   - settings: environment variables in addition to those that every test needs.
    ///   - given: the Runtime API to use; `nil` for a new one.
    ///   - program: the path of the program to start, relative to the repository.
    ///   - arguments: its arguments: `api` for the API.
    init(
        redis url: String, _ settings: [String: String] = [:], api given: RuntimeAPIServer? = nil,
        program: String = "bootstrap", arguments: [String] = []
    ) async throws {
        let port = try freePort()
        let api = if let given { given } else { try await RuntimeAPIServer() }
        let process = try LambdaHandler.start(
            redis: url, api: api.address, settings.merging(["PORT": "\(port)"]) { own, _ in own }, program: program,
            arguments: arguments)
        self.port = port
        self.api = api
        self.process = process
        try await eventually("the handler to wait for an event; its log: \(process.log)") {
            api.waitingCount > 0 || !process.isRunning
        }
    }

    /// Starts the process without waiting.
    static func start(
        redis url: String, api address: String, _ settings: [String: String] = [:], program: String = "bootstrap",
        arguments: [String] = []
    ) throws -> ChildProcess {
        let environment = [
            "AWS_LAMBDA_RUNTIME_API": address, "HOST": "127.0.0.1", "REDIS_URL": url,
            "POSTERN_ALLOWED_ORIGINS": "https://example.com", "POSTERN_SECRET_KEYS": Handler.secretKey,
            "POSTERN_IP_LIMIT": "off", "POSTERN_RECIPIENT_LIMIT": "off",
        ]
        return try ChildProcess(
            Handler.repository.appendingPathComponent(program).path, arguments,
            environment: environment.merging(settings) { _, own in own })
    }

    /// Invokes the function with a request, and returns the answer.
    /// - Throws: ``LambdaAnswer/Unexpected`` if the outcome is not a valid answer.
    func answer(
        to request: LambdaRequest = .signIn(), as shape: LambdaShape = .httpAPI,
        within limit: Duration = .seconds(10), requestID: String = RuntimeAPIServer.newRequestID()
    ) async throws -> LambdaAnswer {
        try LambdaAnswer(await api.invoke(request.event(as: shape), within: limit, requestID: requestID))
    }

    /// Freezes the handler while it waits for an event, runs `meanwhile`, and thaws the handler once the event is in
    /// its socket.
    /// - Returns: The outcome of the event.
    func thaw(with event: [UInt8], after meanwhile: () async throws -> Void) async throws -> RuntimeAPIServer.Outcome {
        try await api.waitForNext()
        process.signal(SIGSTOP)
        try await meanwhile()
        async let outcome = api.invoke(event)
        try await waitUntilInFlight()
        process.signal(SIGCONT)
        return try await outcome
    }

    /// Waits until the handler has received invocations that it has not answered yet.
    func waitUntilInFlight(count: Int = 1) async throws {
        try await eventually("\(count) invocations to be in flight") { api.inFlightCount >= count }
    }
}

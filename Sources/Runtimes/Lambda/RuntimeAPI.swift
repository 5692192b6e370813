import JSON
import NIOCore
import NIOHTTP1

/// AWS Lambda's Runtime API (docs.aws.amazon.com/lambda, "Using the Lambda runtime API"), over one connection, which is
/// made again where it has ended. It runs on its event loop.
actor RuntimeAPI {
    private static let base = "/2018-06-01/runtime"
    /// The Runtime API is on this machine: what it does not take in this time it does not take.
    private static let timeout = TimeAmount.seconds(5)

    private let address: RuntimeAPIAddress
    private let eventLoop: any EventLoop
    private var connection: RuntimeAPIConnection?
    /// Whether the next invocation is waited for just now.
    private var isWaiting = false
    /// Whether none is waited for any more.
    private var isEnding = false
    /// So often in a row a connection may end before it has given an invocation.
    private static let maximumEndCount = 10

    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    init(at address: RuntimeAPIAddress, on eventLoop: any EventLoop) {
        self.address = address
        self.eventLoop = eventLoop
    }

    /// Waits for the next invocation, for as long as it takes: meanwhile the process may be frozen, and connections
    /// end.
    /// - Returns: `nil` once ``endWaiting()`` was called.
    func next() async throws(RuntimeAPIError) -> Invocation? {
        var endCount = 0
        while !isEnding {
            do throws(RuntimeAPIError) {
                isWaiting = true
                defer { isWaiting = false }
                let answer = try await send(.GET, "/invocation/next", [], [:], within: nil)
                guard answer.status == 200 else { throw .status(answer.status, to: "GET /invocation/next") }
                return try Invocation(answer)
            } catch {
                endCount += 1
                guard case .connectionEnded = error, endCount < RuntimeAPI.maximumEndCount else { throw error }
            }
        }
        return nil
    }

    /// Ends the wait for the next invocation, for good. One that has come can still be answered.
    func endWaiting() {
        isEnding = true
        if isWaiting { connection?.abandon() }
    }

    /// Answers an invocation.
    /// - Returns: the status: 202 where it was taken, 410 where it came too late, 413 where it is too large, which the
    ///   Runtime API then has told already.
    func answer(_ invocation: Invocation, _ body: [UInt8]) async throws(RuntimeAPIError) -> Int {
        try await post("/invocation/\(invocation.id)/response", body, RuntimeAPI.fields(of: invocation))
    }

    /// Reports that an invocation has no answer.
    /// - Returns: the status, likewise.
    func fail(_ invocation: Invocation, _ failure: LambdaFailure) async throws(RuntimeAPIError) -> Int {
        let fields = RuntimeAPI.fields(of: invocation).merging(failure.fields) { _, own in own }
        return try await post("/invocation/\(invocation.id)/error", failure.json, fields)
    }

    /// Reports that the process cannot take invocations.
    func failInitialization(_ failure: LambdaFailure) async throws(RuntimeAPIError) {
        _ = try await post("/init/error", failure.json, failure.fields)
    }

    private static func fields(of invocation: Invocation) -> [String: String] {
        var fields = ["Content-Type": "application/json"]
        fields["Lambda-Runtime-Invocation-Id"] = invocation.invocationID
        return fields
    }

    /// Sends a report. Where the connection ended meanwhile it is sent once more: it then may be there twice, which the
    /// Runtime API refuses with a status of its own.
    private func post(
        _ path: String, _ body: [UInt8], _ fields: [String: String]
    ) async throws(RuntimeAPIError) -> Int {
        do throws(RuntimeAPIError) {
            return try await send(.POST, path, body, fields, within: RuntimeAPI.timeout).status
        } catch {
            guard case .connectionEnded = error else { throw error }
            return try await send(.POST, path, body, fields, within: RuntimeAPI.timeout).status
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8], _ fields: [String: String], within timeout: TimeAmount?
    ) async throws(RuntimeAPIError) -> RuntimeAPIConnection.Answer {
        let connection = try await openConnection()
        var headers = HTTPHeaders([("Host", "\(address.host):\(address.port)"), ("User-Agent", "postern")])
        for (name, value) in fields { headers.add(name: name, value: value) }
        if method == .POST { headers.add(name: "Content-Length", value: String(body.count)) }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: RuntimeAPI.base + path, headers: headers)
        let result = await withCheckedContinuation { continuation in
            connection.send(head, body, within: timeout) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    private func openConnection() async throws(RuntimeAPIError) -> RuntimeAPIConnection {
        if let connection, connection.isActive { return connection }
        do {
            let channel = try await RuntimeAPIConnection.connect(to: address, on: eventLoop)
            let connection = try channel.pipeline.syncOperations.handler(type: RuntimeAPIConnection.self)
            self.connection = connection
            return connection
        } catch {
            throw .unreachable(reason: "\(address.host):\(address.port): \(error)")
        }
    }
}

/// Something that went wrong, as the Runtime API is told.
struct LambdaFailure: Sendable {
    /// A name for programs, such as `Postern.UnreadableEvent`.
    let type: String
    /// A sentence for a person. It holds nothing of the event.
    let message: String

    var fields: [String: String] {
        ["Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": type]
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.member("errorMessage", message)
        json.member("errorType", type)
        json.member("stackTrace", [])
        return json.finish()
    }
}

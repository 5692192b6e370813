import NIOCore
import NIOHTTP1

/// A client of AWS Lambda's Runtime API (docs.aws.amazon.com/lambda, "Using the Lambda runtime API"), with one
/// connection that it reopens as needed. It runs on its event loop.
actor RuntimeAPI {
    private static let base = "/2018-06-01/runtime"
    /// The longest time a report may take. The Runtime API is on this machine, so it normally answers at once.
    private static let timeout = TimeAmount.seconds(5)

    private let address: RuntimeAPIAddress
    private let eventLoop: any EventLoop
    private var connection: RuntimeAPIConnection?
    /// Whether ``next()`` is waiting for an invocation.
    private var isWaiting = false
    /// Whether ``endWaiting()`` was called.
    private var isEnding = false
    /// The number of connections in a row that may end within a second, without an invocation, before ``next()``
    /// throws.
    private static let maximumEndCount = 10

    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    init(at address: RuntimeAPIAddress, on eventLoop: any EventLoop) {
        self.address = address
        self.eventLoop = eventLoop
    }

    /// Waits for the next invocation without a time limit. Lambda may freeze the process meanwhile, which can end the
    /// connection; it is then reopened.
    /// - Returns: The invocation, or `nil` once ``endWaiting()`` was called.
    /// - Throws: ``RuntimeAPIError`` if the Runtime API cannot be reached, answers unexpectedly, or ends ten
    ///   connections in a row at once.
    func next() async throws(RuntimeAPIError) -> Invocation? {
        var endCount = 0
        while !isEnding {
            let start = NIODeadline.now()
            do throws(RuntimeAPIError) {
                isWaiting = true
                defer { isWaiting = false }
                let answer = try await send(.GET, "/invocation/next", [], [:], within: nil)
                guard answer.status == 200 else { throw .status(answer.status, to: "GET /invocation/next") }
                return try Invocation(answer)
            } catch {
                if isEnding { return nil }
                endCount = NIODeadline.now() - start < .seconds(1) ? endCount + 1 : 1
                guard case .connectionEnded = error, endCount < RuntimeAPI.maximumEndCount else { throw error }
                // A freeze may have ended the first connection; then an invocation is already waiting.
                if endCount > 1 { try? await Task.sleep(for: .milliseconds(20)) }
            }
        }
        return nil
    }

    /// Stops waiting for invocations, permanently. One that was received can still be answered.
    func endWaiting() {
        isEnding = true
        if isWaiting { connection?.abandon() }
    }

    /// Answers an invocation.
    /// - Returns: The status: 202 if the answer was accepted, 410 if it was too late, 413 if it is too large. For 410
    ///   and 413 the Runtime API has already reported the error to the caller.
    func answer(_ invocation: Invocation, _ body: [UInt8]) async throws(RuntimeAPIError) -> Int {
        try await post("/invocation/\(invocation.id)/response", body, RuntimeAPI.fields(of: invocation))
    }

    /// Reports that an invocation has no answer.
    /// - Returns: The status, as for ``answer(_:_:)``.
    func fail(_ invocation: Invocation, _ failure: LambdaFailure) async throws(RuntimeAPIError) -> Int {
        let fields = RuntimeAPI.fields(of: invocation).merging(failure.fields) { _, own in own }
        return try await post("/invocation/\(invocation.id)/error", failure.json, fields)
    }

    /// Reports that the process cannot serve invocations.
    func failInitialization(_ failure: LambdaFailure) async throws(RuntimeAPIError) {
        _ = try await post("/init/error", failure.json, failure.fields)
    }

    private static func fields(of invocation: Invocation) -> [String: String] {
        var fields = ["Content-Type": "application/json"]
        fields["Lambda-Runtime-Invocation-Id"] = invocation.invocationID
        return fields
    }

    /// Posts a report, and posts it once more if the connection ends first. If the second post is answered with 400 or
    /// 403, the Runtime API had already received the first: that is reported as 202.
    private func post(
        _ path: String, _ body: [UInt8], _ fields: [String: String]
    ) async throws(RuntimeAPIError) -> Int {
        do throws(RuntimeAPIError) {
            return try await send(.POST, path, body, fields, within: RuntimeAPI.timeout).status
        } catch {
            guard case .connectionEnded = error else { throw error }
            let status = try await send(.POST, path, body, fields, within: RuntimeAPI.timeout).status
            return status == 400 || status == 403 ? 202 : status
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ body: [UInt8], _ fields: [String: String], within timeout: TimeAmount?
    ) async throws(RuntimeAPIError) -> RuntimeAPIConnection.Answer {
        let connection = try await openConnection()
        guard !(isWaiting && isEnding) else {
            throw .connectionEnded(reason: "before the request, because the process is stopping")
        }
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

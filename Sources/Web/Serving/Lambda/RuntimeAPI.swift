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
    /// So often in a row a connection may end at once, before it has given an invocation.
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
                // The first may be that of a freeze, and an invocation is waiting.
                if endCount > 1 { try? await Task.sleep(for: .milliseconds(20)) }
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

    /// Sends a report. Where the connection ended meanwhile it is sent once more; that it is there already then, which
    /// the Runtime API refuses with 400 or 403, is as good as that it was taken.
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

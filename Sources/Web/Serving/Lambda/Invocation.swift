import NIOHTTP1
import Platform

/// What Lambda wants done: an event, and what it is answered under.
struct Invocation: Sendable {
    /// The id that the answer's address has.
    let id: String
    /// What has to be sent back with the answer, where it came.
    let invocationID: String?
    /// When the answer is due; `nil` where it does not say.
    let deadline: UnixTime?
    let event: [UInt8]
    /// The id, and that of the trace in AWS X-Ray where there is one, as members of log lines.
    let logMetadata: [String: String]

    /// In the year 2100, in Unix milliseconds: what is later cannot be meant.
    private static let latestDeadline = 4_102_444_800_000

    /// - Throws: ``RuntimeAPIError/unnamedInvocation`` where it has no id that could stand in a path.
    init(_ answer: RuntimeAPIConnection.Answer) throws(RuntimeAPIError) {
        // The id becomes a part of a path.
        guard let id = answer.headers.first(name: "Lambda-Runtime-Aws-Request-Id"), !id.isEmpty,
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") })
        else { throw .unnamedInvocation }
        self.id = id
        invocationID = answer.headers.first(name: "Lambda-Runtime-Invocation-Id")
        deadline = answer.headers.first(name: "Lambda-Runtime-Deadline-Ms").flatMap { Int($0) }
            .map { UnixTime(milliseconds: min(max(0, $0), Invocation.latestDeadline)) }
        event = answer.body
        var metadata = ["aws_request_id": id]
        metadata["trace_id"] = answer.headers.first(name: "Lambda-Runtime-Trace-Id")
        logMetadata = metadata
    }
}

import NIOHTTP1
import Platform

/// An invocation of the Lambda function: an event, and the ids that its answer must carry.
struct Invocation: Sendable {
    /// The invocation's id, which is part of the path that its answer is posted to.
    let id: String
    /// The value of `Lambda-Runtime-Invocation-Id`, which must be sent back with the answer; `nil` if Lambda sent none.
    let invocationID: String?
    /// The time at which the answer is due; `nil` if Lambda sent none.
    let deadline: UnixTime?
    let event: [UInt8]
    /// The id, and the AWS X-Ray trace id if there is one, as members of log lines.
    let logMetadata: [String: String]

    /// The start of the year 2100, in Unix milliseconds. Later deadlines are reduced to it.
    private static let latestDeadline = 4_102_444_800_000

    /// Reads the answer to `GET /invocation/next`.
    /// - Throws: ``RuntimeAPIError/invocationWithoutID`` if it has no id, or one that cannot be part of a path.
    init(_ answer: RuntimeAPIConnection.Answer) throws(RuntimeAPIError) {
        guard let id = answer.headers.first(name: "Lambda-Runtime-Aws-Request-Id"), !id.isEmpty,
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") })
        else { throw .invocationWithoutID }
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

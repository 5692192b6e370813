import NIOHTTP1
import SignIn

/// What Lambda wants done: an event, and what it is answered under.
struct Invocation: Sendable {
    /// The id that the answer's address has.
    let id: String
    /// What has to be sent back with the answer, where it came.
    let invocationID: String?
    /// When the answer is due; `nil` where it does not say.
    let deadline: UnixTime?
    /// What names the request in AWS X-Ray.
    let traceID: String?
    let event: [UInt8]

    init(_ answer: RuntimeAPIConnection.Answer) throws(RuntimeAPIError) {
        // The id becomes a part of a path.
        guard let id = answer.headers.first(name: "Lambda-Runtime-Aws-Request-Id"), !id.isEmpty,
            id.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") })
        else { throw .unnamedInvocation }
        self.id = id
        invocationID = answer.headers.first(name: "Lambda-Runtime-Invocation-Id")
        deadline = answer.headers.first(name: "Lambda-Runtime-Deadline-Ms").flatMap { Int($0) }
            .map(UnixTime.init(milliseconds:))
        traceID = answer.headers.first(name: "Lambda-Runtime-Trace-Id")
        event = answer.body
    }
}

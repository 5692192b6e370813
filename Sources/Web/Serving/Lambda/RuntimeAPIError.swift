/// An error from a call of AWS Lambda's Runtime API.
package enum RuntimeAPIError: Error, Equatable, CustomStringConvertible {
    /// The connection could not be opened.
    case unreachable(reason: String)
    /// The connection ended before the answer was complete.
    case connectionEnded(reason: String)
    /// The Runtime API answered a call with an unexpected status.
    case status(Int, to: String)
    /// An invocation without an id, or with one that cannot be part of a path.
    case invocationWithoutID

    package var description: String {
        switch self {
        case .unreachable(let reason): "the Runtime API cannot be reached: \(reason)"
        case .connectionEnded(let reason): "the connection to the Runtime API ended: \(reason)"
        case .status(let status, let call): "the Runtime API answered \(status) to \(call)"
        case .invocationWithoutID: "the Runtime API sent an invocation without an ID"
        }
    }
}

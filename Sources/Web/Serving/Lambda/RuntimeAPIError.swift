/// Why AWS Lambda's Runtime API could not be asked, or what it answered instead.
package enum RuntimeAPIError: Error, Equatable, CustomStringConvertible {
    /// It could not be connected to.
    case unreachable(reason: String)
    /// The connection ended before the answer.
    case connectionEnded(reason: String)
    /// It answered another status than it should have.
    case status(Int, to: String)
    /// What it gave as an invocation lacks what names it.
    case unnamedInvocation

    package var description: String {
        switch self {
        case .unreachable(let reason): "the Runtime API cannot be reached: \(reason)"
        case .connectionEnded(let reason): "the connection to the Runtime API ended: \(reason)"
        case .status(let status, let call): "the Runtime API answered \(status) to \(call)"
        case .unnamedInvocation: "the Runtime API sent an invocation without an ID"
        }
    }
}

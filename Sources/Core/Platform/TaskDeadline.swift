import NIOCore

/// The time that a task has left for calls to other services.
package enum TaskDeadline {
    /// The latest time at which calls of this task and its child tasks may complete. Set by callers that have less time
    /// than those calls' own timeouts; `nil` if there is no limit.
    @TaskLocal package static var current: NIODeadline?
}

import NIOCore

/// The time that a task has left for calls to other services.
package enum TaskDeadline {
    /// Latest time at which calls of this task and its child tasks may complete; set by callers with less time than those
    /// calls' own timeouts. `nil` if there is none.
    @TaskLocal package static var current: NIODeadline?
}

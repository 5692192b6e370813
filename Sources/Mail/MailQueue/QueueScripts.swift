import Redis

/// The Redis scripts that change the mail queue.
struct QueueScripts: Sendable {
    let acknowledge = Script(PackageResources.Acknowledge_lua)
    let deadLetter = Script(PackageResources.DeadLetter_lua)
    let promote = Script(PackageResources.Promote_lua)
    let reclaim = Script(PackageResources.Reclaim_lua)
    let removeConsumers = Script(PackageResources.RemoveConsumers_lua)
    let requeue = Script(PackageResources.Requeue_lua)
    let retryLater = Script(PackageResources.RetryLater_lua)

    /// The scripts that a worker calls.
    var all: [Script] { [acknowledge, deadLetter, promote, reclaim, removeConsumers, retryLater] }
}

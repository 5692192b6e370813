import Redis

/// The Redis scripts that change the mail queue: each with its typed call, in a file of its own.
struct QueueScripts: Sendable {
    let keys: QueueKeys
    let acknowledgeScript = Script<StreamKey, AcknowledgeArgument>(PackageResources.Acknowledge_lua)
    let claimScript = Script<ClaimKey, ClaimArgument>(PackageResources.Claim_lua)
    let deadLetterScript = Script<DeadLetterKey, DeadLetterArgument>(PackageResources.DeadLetter_lua)
    let joinScript = Script<StreamKey, JoinArgument>(PackageResources.Join_lua)
    let promoteScript = Script<PromoteKey, PromoteArgument>(MailQueue.addJobFunction, PackageResources.Promote_lua)
    let reclaimScript = Script<StreamKey, ReclaimArgument>(PackageResources.Reclaim_lua)
    let removeConsumersScript = Script<StreamKey, RemoveConsumersArgument>(PackageResources.RemoveConsumers_lua)
    let requeueScript = Script<RequeueKey, RequeueArgument>(MailQueue.addJobFunction, PackageResources.Requeue_lua)
    let retryLaterScript = Script<RetryKey, RetryLaterArgument>(PackageResources.RetryLater_lua)

    /// The scripts that a worker calls.
    var workers: [ScriptSource] {
        [
            acknowledgeScript.source, claimScript.source, deadLetterScript.source, joinScript.source,
            promoteScript.source, reclaimScript.source, removeConsumersScript.source, retryLaterScript.source,
        ]
    }

    var all: [ScriptSource] { workers + [requeueScript.source] }
}

/// The key of scripts that use one stream of jobs.
enum StreamKey: String, ScriptName {
    case stream
}

/// The keys of scripts that use a stream and the retries.
enum RetryKey: String, ScriptName {
    case stream, retries
}

/// The keys of scripts that use a stream and the dead letters.
enum DeadLetterKey: String, ScriptName {
    case stream
    case deadLetters = "dead_letters"
}

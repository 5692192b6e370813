import Redis

/// The Redis scripts that change the mail queue: each with its typed call, in a file of its own.
struct QueueScripts: Sendable {
    let keys: QueueKeys
    let acknowledgeScript = Script<MailKey, AcknowledgeArgument>(PackageResources.Acknowledge_lua)
    let deadLetterScript = Script<DeadLetterKey, DeadLetterArgument>(PackageResources.DeadLetter_lua)
    let promoteScript = Script<RetryKey, PromoteArgument>(PackageResources.Promote_lua)
    let reclaimScript = Script<MailKey, ReclaimArgument>(PackageResources.Reclaim_lua)
    let removeConsumersScript = Script<MailKey, RemoveConsumersArgument>(PackageResources.RemoveConsumers_lua)
    let requeueScript = Script<DeadLetterKey, RequeueArgument>(PackageResources.Requeue_lua)
    let retryLaterScript = Script<RetryKey, RetryLaterArgument>(PackageResources.RetryLater_lua)

    /// The scripts that a worker calls.
    var workers: [ScriptSource] {
        [
            acknowledgeScript.source, deadLetterScript.source, promoteScript.source, reclaimScript.source,
            removeConsumersScript.source, retryLaterScript.source,
        ]
    }

    var all: [ScriptSource] { workers + [requeueScript.source] }
}

/// The key of scripts that use only the mail stream.
enum MailKey: String, ScriptName {
    case mail
}

/// The keys of scripts that use the retries, too.
enum RetryKey: String, ScriptName {
    case mail, retries
}

/// The keys of scripts that use the dead letters, too.
enum DeadLetterKey: String, ScriptName {
    case mail
    case deadLetters = "dead_letters"
}

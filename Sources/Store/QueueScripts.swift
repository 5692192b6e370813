import RedisClient
import Secrets

/// The scripts that change the queue of mail jobs.
struct QueueScripts: Sendable {
    let adopt: Script
    let dismiss: Script
    let giveUp: Script
    let promote: Script
    let putOff: Script
    let revive: Script
    let settle: Script

    init() throws(SecretsError) {
        adopt = try Script(PackageResources.Adopt_lua)
        dismiss = try Script(PackageResources.Dismiss_lua)
        giveUp = try Script(PackageResources.GiveUp_lua)
        promote = try Script(PackageResources.Promote_lua)
        putOff = try Script(PackageResources.PutOff_lua)
        revive = try Script(PackageResources.Revive_lua)
        settle = try Script(PackageResources.Settle_lua)
    }

    /// Those that a worker calls.
    var all: [Script] { [adopt, dismiss, giveUp, promote, putOff, settle] }
}

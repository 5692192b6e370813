/// The names of the keys in Redis that belong to API keys.
struct APIKeyRedisKeys: Sendable {
    /// The deployment's key prefix.
    let prefix: String

    /// The record of an API key: a hash of `ring`, `record` and `used`.
    func record(of id: String) -> String { prefix + "api-key:" + id }

    /// A sorted set of the ids of all API keys, by the time when each expires.
    var all: String { prefix + "api-keys" }

    /// Set while refusals of a subject have been reported.
    func marker(of subject: String) -> String { prefix + "api-refused:" + subject }

    /// The audit's stream of changes.
    var audit: String { prefix + "audit" }

    /// The audit's stream of refusals. It is another one, so that no number of refusals pushes changes out.
    var refusals: String { prefix + "audit:refusals" }
}

/// The names of the keys in Redis that belong to API keys.
struct APIKeyRedisKeys: Sendable {
    /// The deployment's key prefix.
    let prefix: String

    /// The record of an API key: a hash of `ring`, `record` and `last_request`.
    func record(of id: String) -> String { prefix + "api-key:" + id }

    /// A sorted set of the ids of all API keys, by the time when each expires.
    var all: String { prefix + "api-keys" }

    /// Set while refusals for a reason have been reported.
    /// - Parameter subject: the API key's id, or the client's network if the key is unknown.
    func marker(of reason: APIKeyRefusal, by subject: String) -> String {
        prefix + "api-refused:\(reason.rawValue):" + subject
    }

    /// The audit's stream of changes.
    var audit: String { prefix + "audit" }

    /// The audit's stream of refusals. It is another one, so that no number of refusals pushes changes out.
    var refusals: String { prefix + "audit:refusals" }
}

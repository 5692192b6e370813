import Web

extension Scope {
    /// The scopes that routes of `postern-api` need. `postern api-keys` warns of others, which permit nothing.
    package static let known: [Scope] = ["links:write"]
}

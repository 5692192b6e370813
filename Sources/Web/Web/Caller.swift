/// The server that sent a request with an API key.
package struct Caller: Sendable, Equatable {
    /// The API key's id, which is not a secret.
    package let id: String
    /// The API key's name.
    package let name: String

    package init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

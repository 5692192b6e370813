public import RedisClient
public import Secrets

/// Why a request could not be asked for at all.
public enum StoreError: Error, Equatable {
    /// Redis is away, full, read-only or otherwise not serving for now.
    case unavailable(RedisError)
    /// Redis answered what it should not have: a wrong database, a changed script, a defect.
    case failed(RedisError)
    /// A token or a box could not be made.
    case secrets(SecretsError)

    /// The words with which Redis says that it does not serve for now.
    private static let passing: Set<String> = [
        "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "MOVED", "NOAUTH", "NOPERM", "NOREPLICAS", "OOM",
        "READONLY", "TRYAGAIN", "WRONGPASS",
    ]

    /// What `body` makes, and its error as one of the store's.
    static func wrapping<Value>(_ body: () throws(SecretsError) -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch {
            throw .secrets(error)
        }
    }

    init(_ error: RedisError) {
        switch error {
        case .unavailable, .timeout, .connectionLost:
            self = .unavailable(error)
        case .server(let code, _):
            self = StoreError.passing.contains(code) ? .unavailable(error) : .failed(error)
        case .unexpectedReply:
            self = .failed(error)
        }
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let error), .failed(let error): error.description
        case .secrets(let error): error.description
        }
    }
}

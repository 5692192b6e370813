import Cryptography
import Redis

/// An error from a store operation.
package enum StoreError: Error, Equatable {
    /// Redis is away, full, read-only or otherwise not serving for now.
    case unavailable(RedisError)
    /// Redis gave a reply that it should not have: a wrong database, a changed script, a defect.
    case failed(RedisError)
    /// A token or a box could not be made or opened.
    case crypto(CryptoError)

    /// The codes of replies with which Redis says that it does not serve for now.
    private static let passing: Set<String> = [
        "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "MOVED", "NOAUTH", "NOPERM", "NOREPLICAS", "OOM",
        "READONLY", "TRYAGAIN", "WRONGPASS",
    ]

    /// The result of `body`, whose error becomes one of the store's.
    static func wrapping<Value>(_ body: () throws(CryptoError) -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch {
            throw .crypto(error)
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
    package var description: String {
        switch self {
        case .unavailable(let error), .failed(let error): error.description
        case .crypto(let error): error.description
        }
    }
}

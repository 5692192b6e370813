import Cryptography

/// An error from a store operation.
package enum StoreError: Error, Equatable {
    /// Redis is unreachable, full, read-only or otherwise temporarily unavailable.
    case unavailable(RedisError)
    /// Redis sent an unexpected reply, because of a wrong database, a changed script or a defect.
    case failed(RedisError)
    /// A token or a box could not be created or opened.
    case crypto(CryptoError)

    /// The codes of error replies that mean that Redis is temporarily unavailable.
    private static let temporaryCodes: Set<String> = [
        "BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "MOVED", "NOAUTH", "NOPERM", "NOREPLICAS", "OOM",
        "READONLY", "TRYAGAIN", "WRONGPASS",
    ]

    /// Returns the result of `body`, or throws its error as ``crypto(_:)``.
    package static func wrapping<Value>(_ body: () throws(CryptoError) -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch {
            throw .crypto(error)
        }
    }

    /// Returns the result of `body`, or throws its error.
    package static func wrapping<Value>(
        _ body: () async throws(RedisError) -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await body()
        } catch {
            throw StoreError(error)
        }
    }

    package init(_ error: RedisError) {
        switch error {
        case .unavailable, .timeout, .connectionLost:
            self = .unavailable(error)
        case .server(let code, _):
            self = StoreError.temporaryCodes.contains(code) ? .unavailable(error) : .failed(error)
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

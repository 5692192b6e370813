import Cryptography

/// An error from a store operation.
package enum StoreError: Error, Equatable {
    /// Redis is unreachable, full, read-only or configured so that it refuses the command, or a setting does not fit it.
    case unavailable(RedisError)
    /// Redis sent an unexpected reply, because of a changed script or a defect.
    case failed(RedisError)
    /// A token or a box could not be created or opened.
    case crypto(CryptoError)

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
        self = error.isOutage ? .unavailable(error) : .failed(error)
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

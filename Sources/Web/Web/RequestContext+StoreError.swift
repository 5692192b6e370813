import Cryptography
import Redis

extension RequestContext {
    /// Logs the error of a store operation, and returns the error that answers the request.
    package func answer(to error: StoreError) -> HTTPError {
        switch error {
        case .unavailable(let error):
            log.unavailable("\(error)")
            return .serviceUnavailable(retryAfter: .seconds(1))
        case .failed(let error):
            log.failed(error)
            return .internalError
        case .crypto(.unknownKey(let id)):
            // Another process may have it: while a new key is rolled out, or if this one was left out.
            log.unavailable("a value is sealed with the key \(id), which POSTERN_SECRET_KEYS does not contain")
            return .serviceUnavailable(retryAfter: .seconds(1))
        case .crypto(let error):
            log.failed(error)
            return .internalError
        }
    }

    /// Returns the result of a store operation, or throws the error that answers the request.
    package func answering<Value>(_ body: () async throws(StoreError) -> Value) async throws(HTTPError) -> Value {
        do {
            return try await body()
        } catch {
            throw answer(to: error)
        }
    }

    /// Logs that the mail queue is full, and returns the error that answers the request.
    package func answerToFullQueue() -> HTTPError {
        log.unavailable("the mail queue is full: are workers running?")
        return .serviceUnavailable(retryAfter: .seconds(30))
    }
}

import Web

extension HTTPError {
    /// The one answer to every token that is not accepted.
    static let tokenInvalid = HTTPError(
        .tokenInvalid, "This link is invalid, expired or already used: request a new one")

    /// The one answer to every code that is not accepted.
    static let codeInvalid = HTTPError(
        .codeInvalid, "That code didn't work: check it, or open the link in the email instead")
}

extension RequestContext {
    /// The answer to a request whose store operation failed, which is logged.
    func answer(to error: StoreError) -> HTTPError {
        switch error {
        case .unavailable(let error):
            log.unavailable("\(error)")
            return .serviceUnavailable(retryAfter: .seconds(1))
        case .failed(let error):
            log.failed(error)
            return .internalError
        case .crypto(let error):
            log.failed(error)
            return .internalError
        }
    }

    /// The result of a store operation, whose error becomes the request's answer.
    func answering<Value>(_ body: () async throws(StoreError) -> Value) async throws(HTTPError) -> Value {
        do {
            return try await body()
        } catch {
            throw answer(to: error)
        }
    }

    /// The answer to a request that there is no room for, which is logged.
    func answerToFullQueue() -> HTTPError {
        log.unavailable("the mail queue is full: are workers running?")
        return .serviceUnavailable(retryAfter: .seconds(30))
    }
}

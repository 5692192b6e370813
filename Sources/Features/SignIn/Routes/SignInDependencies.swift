import Cryptography
import Redis
import Web

/// The dependencies that the sign-in routes share. A class, so that each route holds one reference.
package final class SignInDependencies: Sendable {
    let policy: SignInPolicy
    /// The issuer of assertions; `nil` if the deployment has no signing keys.
    let issuer: AssertionIssuer?
    let store: SignInStore
    let random: RandomBytes
    let metrics: SignInMetrics

    package init(
        policy: SignInPolicy, issuer: AssertionIssuer?, store: SignInStore, random: RandomBytes, metrics: SignInMetrics
    ) {
        self.policy = policy
        self.issuer = issuer
        self.store = store
        self.random = random
        self.metrics = metrics
    }

    /// Returns a new secret, or throws the error that answers the request.
    func new<Made>(
        for context: RequestContext, _ make: (RandomBytes) throws(CryptoError) -> Made
    ) throws(HTTPError) -> Made {
        do {
            return try make(random)
        } catch {
            throw context.answer(to: .crypto(error))
        }
    }

    /// Returns a new token at a place, or at a random one if that is `nil`; or throws the error that answers the request.
    func newToken(at place: Place?, for context: RequestContext) throws(HTTPError) -> LoginToken {
        try new(for: context) { (random) throws(CryptoError) in try LoginToken(at: place, random: random) }
    }

    /// Returns the result of a store operation that asks a limit of the deployment, or throws the error that answers the
    /// request. Reports if that limit is half used.
    func answering<Value>(
        _ context: RequestContext, _ body: () async throws(StoreError) -> Value
    ) async throws(HTTPError) -> Value {
        let value = try await context.answering(body)
        for report in store.pressure.take() {
            metrics.pressed(report.limit, count: report.count)
            context.log.pressed(report.limit, left: report.left)
        }
        return value
    }

    /// Logs and counts a request that a limit refused.
    func recordLimited(by limit: Limit, for context: RequestContext) {
        context.log.limited(by: limit.name)
        metrics.limited(by: limit)
    }
}

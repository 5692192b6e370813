import Cryptography
import Net
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

    /// Counts and logs a request whose link is stored and whose email is queued.
    func recordRequested(_ request: SignInRequest, for context: RequestContext) {
        metrics.mailQueued()
        let token = request.link.token
        context.log.info(
            "sign_in_requested",
            [
                "id": token.id, "place": token.place.text, "way": request.codeRequest == nil ? "link" : "link or code",
                "portal": request.link.origin.description, "network": context.clientNetworks.logged,
            ])
    }

    /// Counts and logs a mailed link that was opened, by the button of the confirmation page: once in a minute, because
    /// the button can be pressed any number of times.
    func recordOpened(_ token: LoginToken?, _ record: TokenRecord, for context: RequestContext) {
        metrics.linkOpened()
        let id = token?.id ?? ""
        context.log.info(
            "sign_in_opened", oncePer: id, in: "",
            ["id": id, "portal": record.origin.description, "network": context.clientNetworks.logged])
    }

    /// Logs and counts a request that a limit refused.
    func recordLimited(by limit: Limit, for context: RequestContext) {
        context.log.limited(by: limit, from: context.clientNetworks)
        metrics.limited(by: limit)
    }
}

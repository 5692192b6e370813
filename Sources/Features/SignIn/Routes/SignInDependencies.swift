import Cryptography
import Net
import Web

/// The dependencies that the sign-in routes share. A class, so that each route holds one reference.
final class SignInDependencies: Sendable {
    let configuration: SignInConfiguration
    let store: SignInStore
    let random: RandomBytes
    let metrics: SignInMetrics

    init(configuration: SignInConfiguration, store: SignInStore, random: RandomBytes, metrics: SignInMetrics) {
        self.configuration = configuration
        self.store = store
        self.random = random
        self.metrics = metrics
    }

    /// Returns a new secret, or throws the error that answers the request.
    func new<Made>(_ make: (RandomBytes) throws(CryptoError) -> Made, for context: RequestContext) throws(HTTPError)
        -> Made
    {
        do {
            return try make(random)
        } catch {
            throw context.answer(to: .crypto(error))
        }
    }

    /// Whether links may lead to a portal.
    func isAllowed(_ origin: Origin) -> Bool { configuration.originPolicy.allows(origin.description) }

    /// Logs and counts a request that a limit refused.
    func recordLimited(by limit: Admission.Limit, for context: RequestContext) {
        context.log.limited(by: limit.rawValue)
        metrics.limited(by: limit)
    }

    /// Refuses a POST that another site makes a browser send.
    /// - Throws: ``HTTPError`` with the code `origin_not_allowed` if `Origin` is present, and not allowed.
    func checkOrigin(of request: Request) throws(HTTPError) {
        do {
            try configuration.originPolicy.check(posting: request.fields.origin)
        } catch {
            throw .origin(error)
        }
    }
}

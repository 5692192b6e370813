import Cryptography
import Net
import Web

/// What the routes of sign-in work with.
struct SignInServices: Sendable {
    let configuration: SignInConfiguration
    let store: SignInStore
    let random: RandomBytes
    let metrics: SignInMetrics

    /// A new secret.
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

    /// Logs and counts that a limit was reached.
    func recordLimited(by limit: Admission.Limit, for context: RequestContext) {
        context.log.limited(by: limit.rawValue)
        metrics.limited(by: limit)
    }

    /// Refuses what another site makes a browser post.
    func checkOrigin(of request: Request) throws(HTTPError) {
        do {
            try configuration.originPolicy.check(posting: request.fields.origin)
        } catch {
            throw .origin(error)
        }
    }
}

import Secrets
import SignIn
import Store

/// What the routes work with.
struct RouteContext: Sendable {
    let configuration: DoorConfiguration
    let store: SignInStore
    let random: RandomBytes
    /// The wall clock.
    let now: @Sendable () -> UnixTime
    let metrics: DoorMetrics

    /// Who asks; `nil` where that is unknown.
    func client(of request: Request) -> IPAddress? {
        configuration.trustedProxies.clientAddress(peer: request.peer, forwardedFor: request.fields.forwardedFor)
    }

    /// A token that nobody has yet.
    func newToken(_ log: RequestLog) throws(Refusal) -> LoginToken {
        try log.wrapping { () throws(SecretsError) in try LoginToken(random: random) }
    }

    /// A token that was brought; `nil` where the text is none.
    func token(parsing text: String, _ log: RequestLog) throws(Refusal) -> LoginToken? {
        try log.wrapping { () throws(SecretsError) in try LoginToken(parsing: text) }
    }

    /// The challenge that a verifier fits that was brought.
    func challenge(of verifier: CodeVerifier?, _ log: RequestLog) throws(Refusal) -> CodeChallenge? {
        guard let verifier else { return nil }
        return try log.wrapping { () throws(SecretsError) in try CodeChallenge(of: verifier) }
    }

    /// Whether links may lead to a portal.
    func isAllowed(_ origin: Origin) -> Bool { configuration.originPolicy.allows(origin.description) }

    /// Writes down and counts that a limit was reached.
    func note(_ limit: Admission.Limit, _ log: RequestLog) {
        log.limited(by: limit)
        metrics.limited(by: limit)
    }

    /// Refuses what another site makes a browser post.
    func checkOrigin(of request: Request) throws(Refusal) {
        do {
            try configuration.originPolicy.check(posting: request.fields.origin)
        } catch {
            throw .origin(error)
        }
    }
}

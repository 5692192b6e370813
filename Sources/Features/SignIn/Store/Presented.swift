import Net
import Platform

/// The values that a client presents with its token or code.
struct Presented: Sendable {
    /// The challenge of its verifier; `nil` if it sent none.
    let challenge: CodeChallenge?
    /// The portal; `nil` if it did not say.
    let portal: Origin?

    /// The time that a link works beyond its end by the clock of another process: the lifetime of an exchange token, and
    /// what clocks may differ by.
    private static let tolerance = Duration.seconds(3600)

    /// Whether a sealed record agrees with all of it, and has not long expired.
    func matches(_ record: TokenRecord, at now: UnixTime) -> Bool {
        // Whatever verifier the browser has fits a trusted caller's link.
        (record.purpose != nil || record.challenge == challenge) && (portal == nil || portal == record.origin)
            && now < record.expiresAt + Presented.tolerance
    }
}

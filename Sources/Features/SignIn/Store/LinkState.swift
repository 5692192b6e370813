/// The state of a mailed link.
package enum LinkState: Sendable {
    /// The link works.
    case live(TokenRecord)
    /// The link no longer works, but its record is still stored.
    case unusable(Reason, TokenRecord)
    /// Nothing is stored for the link.
    case unknown

    /// The reason that a link no longer works.
    package enum Reason: Sendable, CaseIterable {
        case used
        case expired
        /// A newer link was sent.
        case superseded
    }
}

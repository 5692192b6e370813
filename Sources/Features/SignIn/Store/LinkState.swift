/// What became of a mailed link.
package enum LinkState: Sendable {
    /// It works.
    case live(TokenRecord)
    /// It no longer works, and its record is still stored.
    case unusable(Reason, TokenRecord)
    /// Nothing is stored for it.
    case unknown

    /// Why a link no longer works.
    package enum Reason: Sendable, CaseIterable {
        case used
        case expired
        /// A newer link was sent.
        case superseded
    }
}

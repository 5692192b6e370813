extension Duration {
    /// Parses a whole number and its unit, such as `500ms`, `30s`, `15m`, `24h` or `1d`, up to 1,000 days. `nil` for any
    /// other text.
    package init?(parsing text: some StringProtocol) {
        let digits = text.prefix(while: { ("0"..."9").contains($0) })
        guard (1...9).contains(digits.count), let amount = Int(digits) else { return nil }
        let factor: Int
        switch text.dropFirst(digits.count) {
        case "ms": factor = 1
        case "s": factor = 1000
        case "m": factor = 60 * 1000
        case "h": factor = 60 * 60 * 1000
        case "d": factor = 24 * 60 * 60 * 1000
        default: return nil
        }
        let milliseconds = amount * factor
        guard milliseconds <= 1000 * 24 * 60 * 60 * 1000 else { return nil }
        self = .milliseconds(milliseconds)
    }

    /// Whole milliseconds, rounded down.
    package var milliseconds: Int { microseconds / 1000 }

    /// Whole microseconds, rounded down.
    package var microseconds: Int {
        Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000)
    }

    /// Whole seconds, rounded up.
    package var secondsRoundedUp: Int {
        Int(components.seconds) + (components.attoseconds > 0 ? 1 : 0)
    }
}

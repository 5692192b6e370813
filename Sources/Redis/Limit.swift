import Bytes
import Platform
import Settings

/// A named rate limit. Each of its subjects, such as a client or a recipient, has a bucket of its own.
package struct Limit: Sendable, Hashable {
    /// The rates of the buckets of a client: of its own network, and of the wider networks around it.
    struct NestedRates: Sendable, Hashable {
        /// The rate of the limit.
        let own: RateLimit
        let middle: RateLimit
        let widest: RateLimit

        /// The bucket of a wider network has as many times the tokens. There are 256 /64 networks in a /56, and as many
        /// /56 networks in a /48; a person may have a whole one, and then has as many times the limit.
        static let middleFactor = 4
        static let widestFactor = 16

        init(_ own: RateLimit) {
            self.own = own
            middle = own.times(NestedRates.middleFactor)
            widest = own.times(NestedRates.widestFactor)
        }
    }

    /// The name in logs and metrics.
    package let name: String
    /// The environment variable that sets the rate.
    package let setting: String
    /// The start of its buckets' keys, after the deployment's prefix.
    let keyStart: String
    /// `nil` if there is no limit.
    private(set) var rates: NestedRates?

    /// The rate of each bucket; `nil` if there is no limit.
    package var rate: RateLimit? {
        get { rates?.own }
        set { rates = newValue.map(NestedRates.init) }
    }

    /// - Parameters:
    ///   - key: the start of its buckets' keys.
    ///   - setting: the environment variable that sets the rate, or `off`.
    ///   - rate: the rate if the variable is not set; `nil` for no limit.
    package init(_ name: String, key: String, setting: String, default rate: RateLimit?) {
        self.name = name
        self.keyStart = key
        self.setting = setting
        self.rate = rate
    }

    /// Reads the rate from the environment.
    /// - Throws: ``SettingError`` if it is invalid.
    package mutating func read(_ environment: Environment) throws(SettingError) {
        let rate = try environment.optional(setting, example: "10/10m") { (text) throws(ParseError) -> RateLimit? in
            text == "off" ? nil : try RateLimit(parsing: text)
        }
        if let rate { self.rate = rate }
    }
}

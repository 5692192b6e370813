import Bytes
import Platform
import Settings

/// A named rate limit. Each of its subjects, such as a client or a recipient, has a bucket of its own.
package struct Limit: Sendable, Hashable {
    /// The name in logs and metrics.
    package let name: String
    /// The start of its buckets' keys, after the deployment's prefix.
    let keyStart: String
    /// The environment variable that sets the rate.
    let setting: String
    /// The rate of each bucket; `nil` if there is no limit.
    package var rate: RateLimit?

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

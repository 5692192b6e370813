import Platform
import Settings

@testable import postern_handler

/// Keys in their configured form: base64 of the bytes 80 to 9f, 00 to 1f, and e0 to ff.
enum SampleKey {
    static let first = "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8="
    static let second = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static let third = "4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8="
    static let fourth = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
}

/// The variables that a handler requires.
let requiredVariables = [
    "REDIS_URL": "redis://redis.internal:6380/2",
    "POSTERN_ALLOWED_ORIGINS": "https://portal.example.com",
    "POSTERN_SECRET_KEYS": "k1:\(SampleKey.first)",
]

/// The settings from some variables, and from the required ones that are not among them.
func handlerSettings(_ variables: [String: String] = [:]) throws -> HandlerSettings {
    try HandlerSettings(Environment(requiredVariables.merging(variables) { _, given in given }))
}

/// The settings from one variable and the required ones.
func handlerSettings(_ name: String, _ value: String) throws -> HandlerSettings {
    try handlerSettings([name: value])
}

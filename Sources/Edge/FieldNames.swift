import HTTPTypes

extension HTTPField.Name {
    // Literals of token characters are names, so none of these is nil.
    static let callbackOrigin = Self("X-AppHandoff-Callback-Origin")!
    static let rateLimit = Self("RateLimit")!
    static let rateLimitPolicy = Self("RateLimit-Policy")!
    static let xForwardedFor = Self("X-Forwarded-For")!
    static let xRequestID = Self("X-Request-Id")!
}

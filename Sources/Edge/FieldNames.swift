import HTTPTypes

extension HTTPField.Name {
    // Literals of token characters are names, so none of these is nil.
    static let rateLimit = Self("RateLimit")!
    static let rateLimitPolicy = Self("RateLimit-Policy")!
    static let xRequestID = Self("X-Request-Id")!
}

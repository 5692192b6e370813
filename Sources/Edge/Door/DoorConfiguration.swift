public import SignIn

/// What the door is told about its deployment.
public struct DoorConfiguration: Sendable {
    public var originPolicy: OriginPolicy
    /// The portal's page that receives the token.
    public var callbackPath: PortalPath
    /// A prefix before every route: empty, or such as `/api`.
    public var basePath: String
    public var trustedProxies: TrustedProxies
    /// The limit that is told in responses; `nil` where clients are not limited.
    public var clientLimit: RateLimit?

    public init(
        originPolicy: OriginPolicy, callbackPath: PortalPath, basePath: String = "",
        trustedProxies: TrustedProxies = TrustedProxies([]), clientLimit: RateLimit? = nil
    ) {
        self.originPolicy = originPolicy
        self.callbackPath = callbackPath
        self.basePath = basePath
        self.trustedProxies = trustedProxies
        self.clientLimit = clientLimit
    }
}

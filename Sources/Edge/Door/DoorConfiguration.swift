public import SignIn
public import Store

/// What the door is told about its deployment.
public struct DoorConfiguration: Sendable {
    public var originPolicy: OriginPolicy
    /// The portal's page that receives the token.
    public var callbackPath: PortalPath
    /// A prefix before every route: empty, or such as `/api`.
    public var basePath: String
    public var trustedProxies: TrustedProxies
    /// The limits, which are told in responses.
    public var limits: StoreConfiguration.Limits
    /// Where the door's own page is, which links lead to; `nil` where they lead to the portal.
    public var landing: LandingURL?
    /// Who vouches for those who sign in; `nil` where nobody does.
    public var issuer: AssertionIssuer?

    public init(
        originPolicy: OriginPolicy, callbackPath: PortalPath, basePath: String = "",
        trustedProxies: TrustedProxies = TrustedProxies([]), limits: StoreConfiguration.Limits,
        landing: LandingURL? = nil, issuer: AssertionIssuer? = nil
    ) {
        self.originPolicy = originPolicy
        self.callbackPath = callbackPath
        self.basePath = basePath
        self.trustedProxies = trustedProxies
        self.limits = limits
        self.landing = landing
        self.issuer = issuer
    }
}

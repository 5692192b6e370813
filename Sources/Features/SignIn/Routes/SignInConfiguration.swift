import Net
import Web

/// What the door is told about its deployment.
package struct SignInConfiguration: Sendable {
    package var originPolicy: OriginPolicy
    /// The portal's page that receives the token.
    package var callbackPath: PortalPath
    /// A prefix before every route: empty, or such as `/api`.
    package var basePath: String
    package var trustedProxies: TrustedProxies
    /// The limits, which are told in responses.
    package var limits: SignInLimits
    /// Where the door's own page is, which links lead to; `nil` where they lead to the portal.
    package var publicURL: PublicURL?
    /// Who vouches for those who sign in; `nil` where nobody does.
    package var issuer: AssertionIssuer?

    package init(
        originPolicy: OriginPolicy, callbackPath: PortalPath, basePath: String = "",
        trustedProxies: TrustedProxies = TrustedProxies([]), limits: SignInLimits,
        publicURL: PublicURL? = nil, issuer: AssertionIssuer? = nil
    ) {
        self.originPolicy = originPolicy
        self.callbackPath = callbackPath
        self.basePath = basePath
        self.trustedProxies = trustedProxies
        self.limits = limits
        self.publicURL = publicURL
        self.issuer = issuer
    }
}

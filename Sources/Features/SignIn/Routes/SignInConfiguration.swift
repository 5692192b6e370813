import Net
import Web

/// The configuration of the sign-in routes.
package struct SignInConfiguration: Sendable {
    package var originPolicy: OriginPolicy
    /// The portal's page that receives the token.
    package var callbackPath: PortalPath
    /// The prefix of every route: empty, or a path such as `/api`.
    package var basePath: String
    package var trustedProxies: TrustedProxies
    /// The rate limits, which responses report.
    package var limits: SignInLimits
    /// The public URL of the confirmation page; `nil` if links lead to the portal.
    package var publicURL: PublicURL?
    /// The issuer of assertions; `nil` if the deployment has no signing keys.
    package var issuer: AssertionIssuer?
    /// The languages that emails can be requested in.
    package var mailLanguages: LanguageNegotiation

    /// The languages that emails and the confirmation page are built in for, in the order of their tags.
    package static let builtInLanguages = ConfirmationWords.builtInLanguages

    /// - Parameter addedLanguages: the languages of emails that the operator's templates add to the built-in ones.
    package init(
        originPolicy: OriginPolicy, callbackPath: PortalPath, basePath: String = "",
        trustedProxies: TrustedProxies = TrustedProxies([]), limits: SignInLimits,
        publicURL: PublicURL? = nil, issuer: AssertionIssuer? = nil, addedLanguages: [Language] = []
    ) {
        self.originPolicy = originPolicy
        self.callbackPath = callbackPath
        self.basePath = basePath
        self.trustedProxies = trustedProxies
        self.limits = limits
        self.publicURL = publicURL
        self.issuer = issuer
        mailLanguages = LanguageNegotiation(among: SignInConfiguration.builtInLanguages + addedLanguages)
    }
}

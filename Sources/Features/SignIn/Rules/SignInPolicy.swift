import MailQueue
import Net

/// The rules of a deployment for sign-in: who may ask for links, where they lead, how long they work, and how often.
package struct SignInPolicy: Sendable {
    /// The origins that links lead to, and whose pages may request them.
    package var origins: OriginPolicy
    /// The portal's page that receives the token.
    package var callbackPath: PortalPath
    /// The public URL of the confirmation page; `nil` if links lead to the portal.
    package var publicURL: PublicURL?
    /// The time for which a link works.
    package var linkLifetime: Duration
    /// The time after ``linkLifetime`` for which the confirmation page can explain a link that no longer works.
    package var retention: Duration
    /// Whether a newer link supersedes the earlier ones at its ``Place``: at once if it has a challenge, otherwise once it
    /// is used.
    package var isNewestOnly: Bool
    package var limits: SignInLimits
    /// Whether every request must have a challenge, so that no link works in another browser than that of the request.
    package var isChallengeRequired = false
    /// The languages that emails can be requested in.
    package var mailLanguages: LanguageNegotiation
    /// The maximum length of the mail queue, in jobs. Requests beyond it are refused.
    package var maximumQueueLength = QueueKeys.maximumStreamLength

    /// The languages that emails and the confirmation page are built in for, in the order of their tags.
    package static let builtInLanguages = ConfirmationWords.builtInLanguages

    /// - Parameters:
    ///   - retention: without effect if there is no confirmation page.
    ///   - addedLanguages: the languages of emails that the operator's templates add to the built-in ones.
    package init(
        origins: OriginPolicy, callbackPath: PortalPath, publicURL: PublicURL? = nil,
        linkLifetime: Duration = .seconds(900), retention: Duration = .seconds(86_400), isNewestOnly: Bool = true,
        limits: SignInLimits, addedLanguages: [Language] = []
    ) {
        self.origins = origins
        self.callbackPath = callbackPath
        self.publicURL = publicURL
        self.linkLifetime = linkLifetime
        self.retention = publicURL == nil ? .zero : retention
        self.isNewestOnly = isNewestOnly
        self.limits = limits
        mailLanguages = LanguageNegotiation(among: SignInPolicy.builtInLanguages + addedLanguages)
    }

    /// The longest time for which a code works (ASVS 5.0, 6.5.5).
    package static let maximumCodeLifetime = Duration.seconds(600)

    /// The time for which the code of a link works that has a lifetime.
    package func codeLifetime(ofLink lifetime: Duration) -> Duration { min(lifetime, SignInPolicy.maximumCodeLifetime) }

    /// Whether links may lead to a portal.
    func allows(_ portal: Origin) -> Bool { origins.allows(portal.description) }
}

/// One request to be let in: the link that it is answered with, and all that belongs to it.
public struct SignInRequest: Sendable {
    /// The other way in, where it was asked for: a code for the browser that asked.
    public struct CodeWay: Sendable {
        /// Names the request. Only the browser that asked is told.
        public let requestID: LoginToken
        /// Only the mail holds it.
        public let code: SignInCode

        public init(requestID: LoginToken, code: SignInCode) {
            self.requestID = requestID
            self.code = code
        }
    }

    /// Its token is the request's identity.
    public let link: MagicLink
    /// Whom the mail is for.
    public let recipient: EmailAddress
    /// What the mail is written in.
    public let language: Language
    /// What a verifier must fit; `nil` where the link is for whoever opens it.
    public let challenge: CodeChallenge?
    public let codeWay: CodeWay?

    public init(
        link: MagicLink, recipient: EmailAddress, language: Language = .english, challenge: CodeChallenge? = nil,
        codeWay: CodeWay? = nil
    ) {
        self.link = link
        self.recipient = recipient
        self.language = language
        self.challenge = challenge
        self.codeWay = codeWay
    }
}

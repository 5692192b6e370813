import Net

extension SignInMail {
    /// All values of a sign-in email except its link and code. Many emails share a variant.
    struct Variant: Sendable, Hashable {
        let language: Language
        let product: String
        /// The portal's host, with its port unless that is the default.
        let portal: String
        let isNewestOnly: Bool
        /// Whether the email contains a code.
        let hasCode: Bool
        /// The link's lifetime, from the time of the request.
        let lifetime: Duration

        /// The values of the template `sign-in`.
        var values: MailTemplate.Values {
            MailTemplate.Values(
                names: ["product": product, "portal": portal], lifetime: lifetime,
                sections: ["newestOnly": isNewestOnly], hasCode: hasCode)
        }

        /// A variant with every part that the email can have.
        static let sample = Variant(
            language: .english, product: "", portal: "", isNewestOnly: true, hasCode: true, lifetime: .seconds(900))
    }
}

extension MailTemplates {
    /// Renders the texts of a sign-in email.
    func page(for variant: SignInMail.Variant) -> MailTemplate.Page {
        signIn.page(in: variant.language, with: variant.values)
    }
}

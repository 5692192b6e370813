import Net
import Web

/// The states of the confirmation page, in one language.
struct ConfirmationPages: Sendable {
    private let language: Language
    private let words: ConfirmationWords

    init(in language: Language) {
        self.language = language
        words = ConfirmationWords.all[language] ?? ConfirmationWords(parsing: [])
    }

    /// The page of a link that works. Its button opens the link.
    func confirm(_ record: TokenRecord, _ token: LoginToken) -> ConfirmationPage {
        let values = ["portal": record.origin.authority]
        // The person did not ask for a link that a trusted caller requested.
        let (title, text, action, note): (ConfirmationWords.Key, ConfirmationWords.Key, _, _) =
            record.purpose == nil
            ? (.openTitle, .openText, ConfirmationWords.Key.openAction, ConfirmationWords.Key.openNote)
            : (.continueTitle, .continueText, .continueAction, .continueNote)
        return ConfirmationPage(
            status: .ok, language: language, title: words.sentence(title, values), text: words.sentence(text, values),
            button: ConfirmationPage.Button(token: token, sendsAgain: false, label: words.sentence(action)),
            note: words.sentence(note), portal: record.origin)
    }

    /// The page of a link that no longer works. Its button requests another one, unless a trusted caller requested it.
    func unusable(_ reason: LinkState.Reason, _ record: TokenRecord, _ token: LoginToken) -> ConfirmationPage {
        let (title, text): (ConfirmationWords.Key, ConfirmationWords.Key) =
            switch reason {
            case .used: (.usedTitle, .usedText)
            case .expired: (.expiredTitle, .expiredText)
            case .superseded: (.supersededTitle, .supersededText)
            }
        var page = ConfirmationPage(
            status: .gone, language: language, title: words.sentence(title), text: words.sentence(.askText),
            link: link(to: record.origin))
        if record.canBeSentAgain {
            page.text = words.sentence(text)
            let label = words.sentence(.againAction, ["address": record.email.masked])
            page.button = ConfirmationPage.Button(token: token, sendsAgain: true, label: label)
        }
        return page
    }

    /// The page of a link that is unknown, or whose portal is no longer allowed.
    func unknown() -> ConfirmationPage {
        ConfirmationPage(
            status: .gone, language: language, title: words.sentence(.unknownTitle),
            text: words.sentence(.unknownText))
    }

    /// The page after another link was requested.
    func sent(_ record: TokenRecord) -> ConfirmationPage {
        ConfirmationPage(
            status: .ok, language: language, title: words.sentence(.sentTitle),
            text: words.sentence(.sentText, ["address": record.email.masked]), link: link(to: record.origin))
    }

    /// The page for a request that a rate limit refused.
    func limited(retryAfter: Duration, _ token: LoginToken?) -> ConfirmationPage {
        let seconds = retryAfter.retryAfterSeconds
        return ConfirmationPage(
            status: .tooManyRequests, language: language, title: words.sentence(.limitedTitle),
            text: words.sentence(.limitedText, ["seconds": "\(seconds)"]), link: retry(token), retryAfter: seconds)
    }

    /// The page for a request that failed, because Redis is unavailable or because of an internal error.
    func unavailable(_ error: HTTPError, _ token: LoginToken?) -> ConfirmationPage {
        ConfirmationPage(
            status: error.code.status, language: language, title: words.sentence(.unavailableTitle),
            text: words.sentence(.unavailableText), link: retry(token),
            retryAfter: error.retryAfter)
    }

    private func link(to portal: Origin) -> ConfirmationPage.Link {
        ConfirmationPage.Link(
            url: portal.description + "/", label: words.sentence(.portalLink, ["portal": portal.authority]))
    }

    /// A link that loads the page again.
    private func retry(_ token: LoginToken?) -> ConfirmationPage.Link? {
        token.map { ConfirmationPage.Link(url: "open?token=" + $0.text, label: words.sentence(.retryAction)) }
    }
}

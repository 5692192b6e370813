import SignIn
import Store

/// The landing's pages in one language.
struct LandingPages: Sendable {
    private let language: Language
    private let words: LandingWords

    init(in language: Language) {
        self.language = language
        words = LandingWords.all[language] ?? LandingWords(parsing: [])
    }

    /// The link can be opened, by a press of the button.
    func open(_ record: TokenRecord, _ token: LoginToken) -> LandingPage {
        let blanks = ["portal": record.origin.authority]
        return LandingPage(
            status: .ok, language: language, title: words.sentence(.openTitle, blanks),
            text: words.sentence(.openText, blanks),
            button: LandingPage.Button(token: token, asksAgain: false, label: words.sentence(.openAction)),
            note: words.sentence(.openNote), portal: record.origin)
    }

    /// The link cannot be opened any more; another can be sent.
    func over(_ reason: LinkState.Reason, _ record: TokenRecord, _ token: LoginToken) -> LandingPage {
        let (title, text): (LandingWords.Key, LandingWords.Key) =
            switch reason {
            case .used: (.usedTitle, .usedText)
            case .expired: (.expiredTitle, .expiredText)
            case .ended: (.endedTitle, .endedText)
            }
        let label = words.sentence(.againAction, ["address": record.email.masked])
        return LandingPage(
            status: .gone, language: language, title: words.sentence(title), text: words.sentence(text),
            button: LandingPage.Button(token: token, asksAgain: true, label: label), link: link(to: record.origin))
    }

    /// Nothing is known of the link.
    func unknown() -> LandingPage {
        LandingPage(
            status: .gone, language: language, title: words.sentence(.unknownTitle),
            text: words.sentence(.unknownText))
    }

    /// Another link is on its way.
    func sent(_ record: TokenRecord) -> LandingPage {
        LandingPage(
            status: .ok, language: language, title: words.sentence(.sentTitle),
            text: words.sentence(.sentText, ["address": record.email.masked]), link: link(to: record.origin))
    }

    /// Too much was asked for.
    func limited(retryAfter: Duration, _ token: LoginToken?) -> LandingPage {
        let seconds = retryAfter.retryAfterSeconds
        return LandingPage(
            status: .tooManyRequests, language: language, title: words.sentence(.limitedTitle),
            text: words.sentence(.limitedText, ["seconds": "\(seconds)"]), link: retry(token), retryAfter: seconds)
    }

    /// Redis is away, or something broke.
    func unavailable(_ refusal: Refusal, _ token: LoginToken?) -> LandingPage {
        LandingPage(
            status: refusal.code.status, language: language, title: words.sentence(.unavailableTitle),
            text: words.sentence(.unavailableText), link: retry(token),
            retryAfter: refusal.retryAfter)
    }

    private func link(to portal: Origin) -> LandingPage.Link {
        LandingPage.Link(
            url: portal.description + "/", label: words.sentence(.portalLink, ["portal": portal.authority]))
    }

    /// Back to the page that the link leads to.
    private func retry(_ token: LoginToken?) -> LandingPage.Link? {
        token.map { LandingPage.Link(url: "open?token=" + $0.text, label: words.sentence(.retryAction)) }
    }
}

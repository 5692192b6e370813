import Bytes
import Net
import Web

/// A request for the confirmation page: the link's token, and the action of its button.
struct PageRequest {
    /// `show` shows the page. The button's actions are `exchange` for a link that works, and `sendAgain` for others.
    enum Action { case show, exchange, sendAgain }

    let context: RequestContext
    let action: Action
    /// `nil` if the request has no token, or a text that is not a token.
    let token: LoginToken?
    /// The pages in the client's language.
    let pages: ConfirmationPages

    /// - Parameter publicURL: the URL of the page.
    init(_ context: RequestContext, at publicURL: PublicURL) throws(HTTPError) {
        self.context = context
        pages = ConfirmationPages(in: context.language(among: ConfirmationWords.languages))
        let request = context.request
        let fields: FormFields
        if request.method == .post {
            guard PageRequest.isForm(request.fields.contentType) else { throw .notForm }
            guard request.fields.isBodyPlain else { throw .encoded }
            fields = FormFields(parsing: request.body)
            let isPressed = PageRequest.isFromPage(request.fields, at: publicURL)
            action = !isPressed ? .show : fields["again"] == nil ? .exchange : .sendAgain
        } else {
            fields = FormFields(parsing: Array(request.query.utf8))
            action = .show
        }
        token = fields["token"].flatMap(LoginToken.init(parsing:))
    }

    /// Whether a POST comes from the page itself. One that another site causes must not count as a press of the button.
    ///
    /// For a page with the referrer policy `no-referrer`, browsers send `Origin: null` (the Fetch standard, §3.1), so
    /// that tells nothing. Any other value must be the page's own.
    private static func isFromPage(_ fields: RequestFields, at publicURL: PublicURL) -> Bool {
        guard (fields.secFetchSite ?? "same-origin") == "same-origin" else { return false }
        guard let origin = fields.origin, origin != "null" else { return true }
        return (try? Origin(parsing: origin)) == publicURL.origin
    }

    private static func isForm(_ contentType: String?) -> Bool {
        contentType?.prefix { $0 != ";" }.trimmingWhitespace().lowercased() == "application/x-www-form-urlencoded"
    }
}

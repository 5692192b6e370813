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

    init(_ context: RequestContext) throws(HTTPError) {
        self.context = context
        pages = ConfirmationPages(in: context.language(among: ConfirmationWords.languages))
        let request = context.request
        let fields: FormFields
        if request.method == .post {
            guard PageRequest.isForm(request.fields.contentType) else { throw .notForm }
            fields = FormFields(parsing: request.body)
            // A POST that another site causes must not count as a press of the button. `Origin` does not help: for a
            // page with the referrer policy `no-referrer`, browsers send `Origin: null` (the Fetch standard, §3.1).
            let site = request.fields.secFetchSite ?? "same-origin"
            action = site != "same-origin" ? .show : fields["again"] == nil ? .exchange : .sendAgain
        } else {
            fields = FormFields(parsing: Array(request.query.utf8))
            action = .show
        }
        token = fields["token"].flatMap(LoginToken.init(parsing:))
    }

    private static func isForm(_ contentType: String?) -> Bool {
        contentType?.prefix { $0 != ";" }.trimmingWhitespace().lowercased() == "application/x-www-form-urlencoded"
    }
}

import Bytes
import Net
import Web

/// A request for the confirmation page: the link's token, and what the button asks for.
struct PageRequest {
    enum Action { case show, exchange, sendAgain }

    let context: RequestContext
    let action: Action
    /// `nil` if the request holds none, or a text that is not a token.
    let token: LoginToken?
    /// The pages in the client's language.
    let pages: ConfirmationPages

    init(_ context: RequestContext) throws(HTTPError) {
        self.context = context
        pages = ConfirmationPages(in: context.language)
        let request = context.request
        let fields: FormFields
        if request.method == .post {
            guard PageRequest.isForm(request.fields.contentType) else { throw .notForm }
            fields = FormFields(parsing: request.body)
            // Another site must not press the button for a person. `Origin` is of no use here: for a page that sends no
            // referrer, browsers write it as null (the Fetch standard, §3.1).
            let site = request.fields.secFetchSite ?? "same-origin"
            action = site != "same-origin" ? .show : fields["again"] == nil ? .exchange : .sendAgain
        } else {
            fields = FormFields(parsing: Array(request.query.utf8))
            action = .show
        }
        token = fields["token"].flatMap(LoginToken.init(parsing:))
    }

    private static func isForm(_ contentType: String?) -> Bool {
        contentType?.prefix { $0 != ";" }.trimmingBlanks().lowercased() == "application/x-www-form-urlencoded"
    }
}

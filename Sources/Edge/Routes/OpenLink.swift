import SignIn
import Store
import Validation

/// `/auth/open`: where links lead before the portal, so that only a person's press of a button uses them up. Programs that
/// look through mail follow links, and run what scripts they find; they do not press buttons.
struct OpenLink: Sendable {
    private let context: RouteContext
    private let landing: LandingURL

    init(_ context: RouteContext, landing: LandingURL) {
        self.context = context
        self.landing = landing
    }

    /// Shows the page, or does what its button asks for. What goes wrong is a page, too, but where no browser asks.
    func respond(to request: Request, _ log: RequestLog) async throws(Refusal) -> Response {
        let visit = try Visit(request)
        var token: LoginToken?
        do throws(Refusal) {
            if let text = visit.fields["token"] { token = try context.token(parsing: text, log) }
            switch visit.wish {
            case .look: return try await look(at: token, visit, log)
            case .open: return try await open(token, visit, log)
            case .again: return try await sendAgain(token, visit, log)
            }
        } catch {
            return visit.pages.unavailable(error, token).response
        }
    }

    /// A request for the page, read.
    private struct Visit {
        enum Wish { case look, open, again }

        let request: Request
        let fields: FormFields
        let wish: Wish
        let language: Language
        let pages: LandingPages

        init(_ request: Request) throws(Refusal) {
            self.request = request
            language = Language(preferredBy: request.fields.acceptLanguage)
            pages = LandingPages(in: language)
            guard request.method == .post else {
                fields = FormFields(parsing: Array(request.query.utf8))
                wish = .look
                return
            }
            guard Visit.isForm(request.fields.contentType) else { throw .notForm }
            fields = FormFields(parsing: request.body)
            // Another site may not press the button in a person's stead. `Origin` is of no use here: a page that sends no
            // referrer has browsers write it as null (the Fetch standard, §3.1).
            let site = request.fields.secFetchSite ?? "same-origin"
            wish = site != "same-origin" ? .look : fields["again"] == nil ? .open : .again
        }

        private static func isForm(_ contentType: String?) -> Bool {
            contentType?.prefix { $0 != ";" }.trimmingBlanks().lowercased() == "application/x-www-form-urlencoded"
        }
    }

    // MARK: - What is asked for

    /// Shows what the button would do, and changes nothing.
    private func look(at token: LoginToken?, _ visit: Visit, _ log: RequestLog) async throws(Refusal) -> Response {
        page(for: try await state(of: token, log), token, visit).response
    }

    /// Changes the mailed token for a fresh one, and leads to the portal with it.
    private func open(_ token: LoginToken?, _ visit: Visit, _ log: RequestLog) async throws(Refusal) -> Response {
        let fresh = try context.newToken(log)
        let opening: Opening
        do {
            opening = try await context.store.open(token, for: fresh, by: context.client(of: visit.request))
        } catch {
            throw log.refusal(for: error)
        }
        switch opening {
        case .opened(let record):
            guard context.isAllowed(record.origin) else { return visit.pages.unknown().response }
            context.metrics.linkOpened()
            let link = MagicLink(
                origin: record.origin, callbackPath: context.configuration.callbackPath, token: fresh,
                next: record.next)
            return Response(status: .seeOther, fields: [.location: link.url, .referrerPolicy: "no-referrer"])
        case .notOpened(let state):
            return page(for: state, token, visit).response
        case .limited(let retryAfter):
            context.note(.verification, log)
            return visit.pages.limited(retryAfter: retryAfter, token).response
        }
    }

    /// Sends another link to the address that this one was for, with the same way on. Only the link's entry says what
    /// that is, so Redis is asked twice.
    private func sendAgain(_ token: LoginToken?, _ visit: Visit, _ log: RequestLog) async throws(Refusal) -> Response {
        let state = try await state(of: token, log)
        guard case .over(_, let record) = state, context.isAllowed(record.origin) else {
            return page(for: state, token, visit).response
        }
        let link = MagicLink(
            origin: record.origin, callbackPath: context.configuration.callbackPath, token: try context.newToken(log),
            next: record.next, landing: landing)
        let signIn = SignInRequest(
            link: link, recipient: record.email, language: visit.language, challenge: record.challenge)
        let admission: Admission
        do {
            admission = try await context.store.send(
                signIn, for: context.client(of: visit.request), at: context.now())
        } catch {
            throw log.refusal(for: error)
        }
        switch admission {
        case .admitted:
            context.metrics.mailQueued()
            return visit.pages.sent(record).response
        case .limited(let limit, let retryAfter, _):
            context.note(limit, log)
            return visit.pages.limited(retryAfter: retryAfter, token).response
        case .queueFull:
            throw log.refusalOfFullQueue()
        }
    }

    // MARK: - What is known

    private func state(of token: LoginToken?, _ log: RequestLog) async throws(Refusal) -> LinkState {
        do {
            return try await context.store.state(of: token)
        } catch {
            throw log.refusal(for: error)
        }
    }

    private func page(for state: LinkState, _ token: LoginToken?, _ visit: Visit) -> LandingPage {
        guard let token else { return visit.pages.unknown() }
        switch state {
        case .live(let record) where context.isAllowed(record.origin): return visit.pages.open(record, token)
        case .over(let reason, let record) where context.isAllowed(record.origin):
            return visit.pages.over(reason, record, token)
        case .live, .over, .unknown: return visit.pages.unknown()
        }
    }
}

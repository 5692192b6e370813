import Net
import Web

/// `/auth/open`: where links lead before the portal, so that only a person's press of a button uses them up. Programs that
/// look through mail follow links, and run what scripts they find; they do not press buttons.
struct OpenLink: Sendable {
    private let services: SignInServices
    private let publicURL: PublicURL

    init(_ services: SignInServices, publicURL: PublicURL) {
        self.services = services
        self.publicURL = publicURL
    }

    /// Shows the page, or does what its button asks for. Errors are pages, too, except where no browser asks.
    func respond(to context: RequestContext) async throws(HTTPError) -> Response {
        let visit = try PageRequest(context)
        do throws(HTTPError) {
            switch visit.action {
            case .show: return try await show(visit)
            case .exchange: return try await exchange(visit)
            case .sendAgain: return try await sendAgain(visit)
            }
        } catch {
            return visit.pages.unavailable(error, visit.token).response
        }
    }

    // MARK: - Actions

    /// Shows what the button would do, which has no effect.
    private func show(_ visit: PageRequest) async throws(HTTPError) -> Response {
        page(for: try await state(visit), visit).response
    }

    /// Exchanges the mailed token for a short-lived one, and leads to the portal with it.
    private func exchange(_ visit: PageRequest) async throws(HTTPError) -> Response {
        let exchangeToken = try services.new(LoginToken.init(random:), for: visit.context)
        let result = try await visit.context.answering { () throws(StoreError) in
            try await services.store.exchange(visit.token, for: exchangeToken, from: visit.context.clientAddress)
        }
        switch result {
        case .exchanged(let record):
            guard services.isAllowed(record.origin) else { return visit.pages.unknown().response }
            services.metrics.linkOpened()
            let link = MagicLink(
                origin: record.origin, callbackPath: services.configuration.callbackPath, token: exchangeToken,
                next: record.next)
            return Response(status: .seeOther, fields: [.location: link.url, .referrerPolicy: "no-referrer"])
        case .notExchanged(let state):
            return page(for: state, visit).response
        case .limited(let retryAfter):
            services.recordLimited(by: .verification, for: visit.context)
            return visit.pages.limited(retryAfter: retryAfter, visit.token).response
        }
    }

    /// Sends another link to the same address, for the same portal and path. Only the link's entry tells these, so Redis is
    /// asked twice.
    private func sendAgain(_ visit: PageRequest) async throws(HTTPError) -> Response {
        let state = try await state(visit)
        guard case .unusable(_, let record) = state, services.isAllowed(record.origin) else {
            return page(for: state, visit).response
        }
        let link = MagicLink(
            origin: record.origin, callbackPath: services.configuration.callbackPath,
            token: try services.new(LoginToken.init(random:), for: visit.context), next: record.next,
            publicURL: publicURL)
        let signIn = SignInRequest(
            link: link, recipient: record.email, language: visit.context.language, challenge: record.challenge)
        let admission = try await visit.context.answering { () throws(StoreError) in
            try await services.store.admit(signIn, from: visit.context.clientAddress, at: visit.context.now())
        }
        switch admission {
        case .admitted:
            services.metrics.mailQueued()
            return visit.pages.sent(record).response
        case .limited(let limit, let retryAfter, _):
            services.recordLimited(by: limit, for: visit.context)
            return visit.pages.limited(retryAfter: retryAfter, visit.token).response
        case .queueFull:
            throw visit.context.answerToFullQueue()
        }
    }

    private func state(_ visit: PageRequest) async throws(HTTPError) -> LinkState {
        try await visit.context.answering { () throws(StoreError) in try await services.store.state(of: visit.token) }
    }

    private func page(for state: LinkState, _ visit: PageRequest) -> ConfirmationPage {
        guard let token = visit.token else { return visit.pages.unknown() }
        switch state {
        case .live(let record) where services.isAllowed(record.origin): return visit.pages.confirm(record, token)
        case .unusable(let reason, let record) where services.isAllowed(record.origin):
            return visit.pages.unusable(reason, record, token)
        case .live, .unusable, .unknown: return visit.pages.unknown()
        }
    }
}

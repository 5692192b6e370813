import Net
import Redis
import Web

/// `/auth/open`: the confirmation page, which links lead to before the portal. Only a press of its button exchanges the
/// mailed token. Mail scanners follow links, and may run scripts; they do not press buttons.
struct OpenLink: Sendable {
    private let dependencies: SignInDependencies
    private let publicURL: PublicURL
    /// The fields of every response (ASVS 5.0, 3.4).
    private let fields: ResponseFields

    init(_ dependencies: SignInDependencies, publicURL: PublicURL) {
        self.dependencies = dependencies
        self.publicURL = publicURL
        var fields: ResponseFields = [
            .crossOriginOpenerPolicy: "same-origin", .crossOriginResourcePolicy: "same-origin",
            .permissionsPolicy: OpenLink.permissions,
        ]
        // A year. Subdomains may have reasons of their own not to follow.
        if publicURL.origin.scheme == .https { fields.append(.strictTransportSecurity, "max-age=31536000") }
        self.fields = fields
    }

    /// The page needs nothing that a browser asks the person about.
    private static let permissions =
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), "
        + "microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=()"

    /// Shows the page, or performs the action of its button. Errors are answered with a page, too.
    /// - Throws: `HTTPError.notForm` for a POST whose body is not a form, which the page's button does not send; and
    ///   `HTTPError.encoded`.
    func respond(to context: RequestContext) async throws(HTTPError) -> Response {
        do throws(HTTPError) {
            var response = try await answer(to: context)
            response.fields.append(fields)
            return response
        } catch {
            var error = error
            error.fields.append(fields)
            throw error
        }
    }

    private func answer(to context: RequestContext) async throws(HTTPError) -> Response {
        let request = try PageRequest(context, at: publicURL)
        do throws(HTTPError) {
            switch request.action {
            case .show: return try await show(request)
            case .exchange: return try await exchange(request)
            case .sendAgain: return try await sendAgain(request)
            }
        } catch {
            return request.pages.unavailable(error, request.token).response
        }
    }

    // MARK: - Actions

    /// Shows the page for the link's state. Changes nothing.
    private func show(_ request: PageRequest) async throws(HTTPError) -> Response {
        page(for: try await state(request), request).response
    }

    /// Exchanges the mailed token for an exchange token, and redirects to the portal with it.
    private func exchange(_ request: PageRequest) async throws(HTTPError) -> Response {
        let exchangeToken = try dependencies.newToken(at: request.token?.place, for: request.context)
        let result = try await request.context.answering { () throws(StoreError) in
            try await dependencies.store.exchange(
                request.token, for: exchangeToken, from: request.context.clientAddress)
        }
        switch result {
        case .exchanged(let record):
            guard dependencies.policy.allows(record.origin) else { return request.pages.unknown().response }
            dependencies.recordOpened(request.token, record, for: request.context)
            let link = MagicLink(
                origin: record.origin, callbackPath: dependencies.policy.callbackPath, token: exchangeToken,
                next: record.next)
            return Response(status: .seeOther, fields: [.location: link.url, .referrerPolicy: "no-referrer"])
        case .notExchanged(let state):
            return page(for: state, request).response
        case .limited(let retryAfter):
            dependencies.recordLimited(by: dependencies.policy.limits.verification, for: request.context)
            return request.pages.limited(retryAfter: retryAfter, request.token).response
        }
    }

    /// Sends another link to the same address, for the same portal, path and challenge. These are read from the link's
    /// record first, so this action makes two calls to Redis.
    private func sendAgain(_ request: PageRequest) async throws(HTTPError) -> Response {
        let state = try await state(request)
        guard case .unusable(_, let record) = state, dependencies.policy.allows(record.origin),
            record.canBeSentAgain
        else {
            return page(for: state, request).response
        }
        let place = dependencies.store.place(for: record.email, record.origin, record.challenge)
        let link = MagicLink(
            origin: record.origin, callbackPath: dependencies.policy.callbackPath,
            token: try dependencies.newToken(at: place, for: request.context), next: record.next, publicURL: publicURL)
        let signIn = SignInRequest(
            link: link, recipient: record.email,
            language: request.context.language(among: dependencies.policy.mailLanguages),
            challenge: record.challenge, nonce: record.nonce)
        let admission = try await dependencies.answering(request.context) { () throws(StoreError) in
            try await dependencies.store.admit(signIn, from: request.context.clientAddress, at: request.context.now())
        }
        switch admission {
        case .admitted:
            dependencies.recordRequested(signIn, for: request.context)
            return request.pages.sent(record).response
        case .limited(let limit, let retryAfter, _):
            dependencies.recordLimited(by: limit, for: request.context)
            return request.pages.limited(retryAfter: retryAfter, request.token).response
        case .queueFull:
            throw request.context.answerToFullQueue()
        }
    }

    private func state(_ request: PageRequest) async throws(HTTPError) -> LinkState {
        try await request.context.answering { () throws(StoreError) in
            try await dependencies.store.state(of: request.token)
        }
    }

    private func page(for state: LinkState, _ request: PageRequest) -> ConfirmationPage {
        guard let token = request.token else { return request.pages.unknown() }
        switch state {
        case .live(let record) where dependencies.policy.allows(record.origin):
            return request.pages.confirm(record, token)
        case .unusable(let reason, let record) where dependencies.policy.allows(record.origin):
            return request.pages.unusable(reason, record, token)
        case .live, .unusable, .unknown: return request.pages.unknown()
        }
    }
}

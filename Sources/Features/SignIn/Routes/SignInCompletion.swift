import Bytes
import Net
import Redis
import Web

/// The last step of a sign-in: the response to a token or a code, with the person who signed in, or an error.
struct SignInCompletion: Sendable {
    /// The means by which a person signs in.
    enum Method: String, Sendable, CaseIterable {
        case link, code

        /// The error for everything that is not accepted, whatever the reason.
        var error: HTTPError { self == .link ? .tokenInvalid : .codeInvalid }

        func limit(in limits: SignInLimits) -> Limit { self == .link ? limits.verification : limits.code }
    }

    private let dependencies: SignInDependencies
    private let method: Method
    /// `nil` if clients are not limited.
    private let rateLimitFields: RateLimitFields?

    init(_ dependencies: SignInDependencies, by method: Method) {
        self.dependencies = dependencies
        self.method = method
        rateLimitFields = method.limit(in: dependencies.policy.limits).rate.map(RateLimitFields.init)
    }

    /// Returns the response to a sign-in, or throws the error that answers a refused or limited request.
    /// - Parameter place: the place of the token or code handle; `nil` if the client sent neither.
    func respond(
        to verification: Verification, at place: Place?, of context: RequestContext
    ) throws(HTTPError) -> Response {
        switch verification {
        case .signedIn(let person, let quota):
            var response = response(for: person, at: context)
            // The allowlist may have changed since the link was requested.
            guard dependencies.policy.allows(person.record.origin) else {
                recordRefused(at: place, context)
                throw withQuota(method.error, quota)
            }
            dependencies.metrics.signedIn(by: method)
            context.log.info(
                "sign_in_completed",
                [
                    "id": person.id, "way": method.rawValue, "portal": person.record.origin.description,
                    "network": context.clientNetworks.logged,
                ])
            if let quota { rateLimitFields?.add(quota, to: &response.fields) }
            return response
        case .refused(let decoy, let quota, let locksCodes):
            recordRefused(at: place, context)
            if locksCodes { logLocked(at: place, context) }
            // Created and discarded, so that refusal takes as long as success.
            _ = response(for: decoy, at: context)
            throw withQuota(method.error, quota)
        case .limited(let limit, let retryAfter, let quota):
            dependencies.recordLimited(by: limit, for: context)
            throw withQuota(.rateLimited(retryAfter: retryAfter), quota, retryAfter)
        }
    }

    /// Counts and logs a token or a code that was refused. The lines are bounded, because anybody can send any number.
    private func recordRefused(at place: Place?, _ context: RequestContext) {
        dependencies.metrics.refused(method)
        let networks = context.clientNetworks
        context.log.info(
            "sign_in_refused", oncePer: method.rawValue, in: networks.bounded,
            ["way": method.rawValue, "network": networks.bounded], own: place.map { ["place": $0.text] } ?? [:])
    }

    /// Logs that no code works for a time, at this place and wherever else its wrong codes count.
    private func logLocked(at place: Place?, _ context: RequestContext) {
        context.log.info(
            "codes_locked", ["place": place?.text ?? "", "network": context.clientNetworks.logged])
    }

    private func withQuota(_ error: HTTPError, _ quota: Quota?, _ retryAfter: Duration? = nil) -> HTTPError {
        var error = error
        if let quota { rateLimitFields?.add(quota, to: &error.fields, retryAfter: retryAfter) }
        return error
    }

    private func response(for person: SignedIn, at context: RequestContext) -> Response {
        let record = person.record
        var json = JSONWriter(capacity: 640)
        json.member("ok", true)
        json.member("email", record.email.text)
        json.member("callback_origin", record.origin.description)
        if let next = record.next { json.member("callback_next", next.text) }
        if let purpose = record.purpose { json.member("purpose", purpose.rawValue) }
        if let claims = record.claims { json.member("claims", .object(claims)) }
        if let issuer = dependencies.issuer {
            json.member(
                "assertion",
                issuer.assertion(
                    for: record, id: person.id, methods: method == .code ? ["otp"] : [], at: context.now()))
        }
        return Response(status: .ok, json: json.finish())
    }
}

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
    func respond(to verification: Verification, of context: RequestContext) throws(HTTPError) -> Response {
        switch verification {
        case .signedIn(let person, let quota):
            var response = response(for: person, at: context)
            // The allowlist may have changed since the link was requested.
            guard dependencies.policy.allows(person.record.origin) else {
                dependencies.metrics.refused(method)
                throw withQuota(method.error, quota)
            }
            dependencies.metrics.signedIn(by: method)
            if let quota { rateLimitFields?.add(quota, to: &response.fields) }
            return response
        case .refused(let decoy, let quota):
            dependencies.metrics.refused(method)
            // Created and discarded, so that refusal takes as long as success.
            _ = response(for: decoy, at: context)
            throw withQuota(method.error, quota)
        case .limited(let limit, let retryAfter, let quota):
            dependencies.recordLimited(by: limit, for: context)
            throw withQuota(.rateLimited(retryAfter: retryAfter), quota)
        }
    }

    private func withQuota(_ error: HTTPError, _ quota: Quota?) -> HTTPError {
        var error = error
        if let quota { rateLimitFields?.add(quota, to: &error.fields) }
        return error
    }

    private func response(for person: SignedIn, at context: RequestContext) -> Response {
        let record = person.record
        var json = JSONWriter(capacity: 640)
        json.member("ok", true)
        json.member("email", record.email.text)
        if let next = record.next { json.member("callback_next", next.text) }
        if let purpose = record.purpose { json.member("purpose", purpose.rawValue) }
        if let claims = record.claims { json.member("claims", .object(claims)) }
        if let issuer = dependencies.issuer {
            json.member("assertion", issuer.assertion(for: record, id: person.id, at: context.now()))
        }
        return Response(status: .ok, json: json.finish())
    }
}

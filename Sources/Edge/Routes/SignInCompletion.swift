import JSON
import Secrets
import SignIn
import Store

/// The end of a sign-in: the portal is told who got in, or that nobody did.
struct SignInCompletion: Sendable {
    /// What a person got in by.
    enum Way: String, Sendable, CaseIterable {
        case link, code

        /// The one answer to all that does not let anybody in.
        var refusal: Refusal { self == .link ? .tokenInvalid : .codeInvalid }

        var limit: Admission.Limit { self == .link ? .verification : .code }
    }

    private let context: RouteContext
    private let way: Way
    /// `nil` where clients are not limited.
    private let rateLimitFields: RateLimitFields?

    init(_ context: RouteContext, by way: Way) {
        self.context = context
        self.way = way
        let limits = context.configuration.limits
        rateLimitFields = (way == .link ? limits.verification : limits.code).map(RateLimitFields.init)
    }

    /// The answer for who got in, or throws the one for who did not.
    func respond(to verification: Verification, _ log: RequestLog) throws(Refusal) -> Response {
        switch verification {
        case .signedIn(let person, let quota):
            var response = try answer(for: person, log)
            // The allowlist may have changed since the link was asked for.
            guard context.isAllowed(person.record.origin) else {
                context.metrics.refused(way)
                throw withQuota(way.refusal, quota)
            }
            context.metrics.signedIn(by: way)
            if let quota { rateLimitFields?.add(quota, to: &response.fields) }
            return response
        case .refused(let decoy, let quota):
            context.metrics.refused(way)
            // Made and thrown away, so that it takes as long as if it had been good.
            _ = try answer(for: decoy, log)
            throw withQuota(way.refusal, quota)
        case .limited(let retryAfter, let quota):
            context.note(way.limit, log)
            throw withQuota(.rateLimited(retryAfter: retryAfter), quota)
        }
    }

    private func withQuota(_ refusal: Refusal, _ quota: Admission.Quota?) -> Refusal {
        var refusal = refusal
        if let quota { rateLimitFields?.add(quota, to: &refusal.fields) }
        return refusal
    }

    private func answer(for person: SignedIn, _ log: RequestLog) throws(Refusal) -> Response {
        let record = person.record
        var json = JSONWriter(capacity: 640)
        json.member("ok", true)
        json.member("email", record.email.text)
        if let next = record.next { json.member("callback_next", next.text) }
        if let issuer = context.configuration.issuer {
            let assertion = try log.wrapping { () throws(SecretsError) in
                try issuer.assertion(for: record, id: person.id, at: context.now())
            }
            json.member("assertion", assertion)
        }
        return Response(status: .ok, json: json.finish())
    }
}

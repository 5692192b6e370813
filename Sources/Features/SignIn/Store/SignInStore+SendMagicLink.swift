import Cryptography
import MailQueue
import Net
import Platform
import Redis

/// The keys of SendMagicLink.lua.
enum SendMagicLinkKey: String, ScriptName {
    case links = "links_key"
    case stream
}

/// The arguments of SendMagicLink.lua.
enum SendMagicLinkArgument: String, ScriptName {
    case id, record, portal, challenge, lifetime, retention, supersedes, network
    case wideNetwork = "wide_network"
    case handle, tag
    case codeToken = "code_token"
    case codeLifetime = "code_lifetime"
    case jobKey = "job_key"
    case job
    case maximumLength = "maximum_length"
}

extension SignInStore {
    /// Admits a request, stores its link and queues its email, in one atomic call: all of it, or nothing.
    ///
    /// A second call with the same link repeats the same request: it is admitted again, and changes nothing.
    /// - Parameters:
    ///   - client: the client's IP address; all clients whose address is unknown share one bucket.
    ///   - now: the time of the request.
    /// - Throws: ``StoreError``. If the reply was lost, the request may have been admitted.
    package func admit(
        _ request: SignInRequest, from client: IPAddress?, at now: UnixTime
    ) async throws(StoreError) -> Admission {
        let token = request.link.token
        assert(
            token.place == place(for: request.recipient, request.link.origin, request.challenge),
            "the token is at the place of its request")
        let sealed = try StoreError.wrapping { () throws(CryptoError) in try seal(request, at: redis.time(at: now)) }
        let limits = policy.limits
        var buckets = Buckets(keyPrefix: keys.prefix)
        let networks = ClientNetworks(client)
        let recipient = recipientTag(for: request.recipient, at: token.place)
        buckets.append(limits.client, ofClient: networks)
        buckets.append(limits.recipient, of: recipient, from: networks)
        buckets.append(limits.mailbox, of: recipient)
        let hasToken = limits.deployment.rate != nil && deploymentLease.use()
        if !hasToken { buckets.append(ofDeployment: limits.deployment, count: deploymentLease.size) }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.sendMagicLink.call(
                on: redis, buckets, capacity: 1024 + sealed.record.count + sealed.job.box.count
            ) { names in
                names.append(.links, keys.links(at: token.place))
                names.append(.stream, keys.mail)
            } arguments: { values in
                values.append(.id, token.id)
                values.append(.record, sealed.record)
                values.append(.portal, SignInStore.tag(of: request.link.origin))
                values.append(.challenge, request.challenge?.text ?? "-")
                values.append(.lifetime, policy.linkLifetime.milliseconds)
                values.append(.retention, policy.retention.milliseconds)
                values.append(.supersedes, supersession(request))
                values.append(.network, networks.own)
                values.append(.wideNetwork, networks.bounded)
                values.append(.handle, request.codeRequest?.handle.id ?? "")
                values.append(.tag, sealed.code?.tag ?? "")
                values.append(.codeToken, sealed.code?.token ?? [])
                values.append(.codeLifetime, policy.codeLifetime(ofLink: policy.linkLifetime).milliseconds)
                values.append(.jobKey, sealed.job.keyID)
                values.append(.job, sealed.job.box)
                values.append(.maximumLength, policy.maximumQueueLength)
            }
        }
        let outcome = try outcome(of: reply, buckets, tellsQuota: limits.client.rate != nil)
        switch (outcome.verdict, outcome.refusal) {
        case (1, nil):
            if !hasToken { deploymentLease.add(deploymentLease.size - 1) }
            return .admitted(outcome.quota)
        case (0, let refusal?):
            if hasToken { deploymentLease.add(1) }
            return .limited(by: refusal.limit, retryAfter: refusal.retryAfter, outcome.quota)
        case (-1, nil): return .queueFull
        default: throw .failed(.unexpectedReply("\(reply)"))
        }
    }

    /// When a request ends the earlier links of its place. Anybody can request a link without a challenge, so that ends
    /// others once it is used. A challenge is known to one browser alone.
    private func supersession(_ request: SignInRequest) -> String {
        guard policy.isNewestOnly else { return "" }
        return request.challenge == nil ? "use" : "request"
    }

    // MARK: - Sealing

    /// The stored forms of a request.
    private struct Sealed {
        let record: [UInt8]
        /// `nil` if no code was requested.
        let code: CodeKeys.Sealed?
        let job: SealedMailJob
    }

    private func seal(_ request: SignInRequest, at now: UnixTime) throws(CryptoError) -> Sealed {
        let token = request.link.token
        let record = TokenRecord(
            email: request.recipient, origin: request.link.origin, next: request.link.next,
            challenge: request.challenge, issuedAt: now, expiresAt: now + policy.linkLifetime, nonce: request.nonce)
        // A link with a challenge supersedes only those of its own browser, which the email does not go into.
        let job = MailJob(
            for: request, isNewestOnly: policy.isNewestOnly && request.challenge == nil, issuedAt: now,
            expiresAt: now + policy.linkLifetime)
        let code: CodeKeys.Sealed? =
            if let codeRequest = request.codeRequest {
                try codeKeys.seal(codeRequest, token, random: random)
            } else { nil }
        return try Sealed(
            record: record.sealed(for: token, by: tokenKeys, random: random), code: code,
            job: job.sealed(by: jobKeys, random: random))
    }
}

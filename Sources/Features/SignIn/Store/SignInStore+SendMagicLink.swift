import Bytes
import Cryptography
import MailQueue
import Net
import Platform
import Redis

extension SignInStore {
    /// Admits a request, stores its token and queues its email, in one atomic call: all of it, or nothing.
    ///
    /// A second call with the same link repeats the same request: it is admitted again, and changes nothing.
    /// - Parameters:
    ///   - client: the client's IP address; all clients whose address is unknown share one bucket.
    ///   - now: the time of the request.
    /// - Throws: ``StoreError``. If the reply was lost, the request may have been admitted.
    package func admit(
        _ request: SignInRequest, from client: IPAddress?, at now: UnixTime
    ) async throws(StoreError) -> Admission {
        let sealed = try StoreError.wrapping { () throws(CryptoError) in try seal(request, at: now) }
        var buckets = Buckets()
        let limits = configuration.limits
        buckets.append(
            Admission.Limit.client.rawValue, limits.client, key: keys.clientBucket(network: client.network))
        buckets.append(
            Admission.Limit.recipient.rawValue, limits.recipient, key: keys.recipientBucket(tag: sealed.recipientTag))
        buckets.append(Admission.Limit.deployment.rawValue, limits.deployment, key: keys.deploymentBucket)
        let reply = try await call(
            scripts.sendMagicLink, keys: [keys.token(digest: request.link.token.digest), keys.mail], buckets,
            capacity: 1024 + sealed.entry.count + sealed.job.box.count
        ) { command in
            command.append((configuration.linkLifetime + configuration.retention).milliseconds)
            command.append(sealed.entry)
            command.append(sealed.job.id)
            command.append(sealed.job.keyID)
            command.append(sealed.job.box)
            command.append(configuration.maximumQueueLength)
            command.append(configuration.linkLifetime.milliseconds)
            command.append(SignInStore.exchangeLifetime.milliseconds)
            command.append(sealed.supersedesTag.map(keys.newest) ?? "")
            command.append(request.codeRequest.map { keys.handle(digest: $0.handle.digest) } ?? "")
            command.append(sealed.handleEntry)
        }
        return try SignInStore.admission(reply, buckets, tellsQuota: limits.client != nil)
    }

    private static func admission(
        _ reply: RESPValue, _ buckets: Buckets, tellsQuota: Bool
    ) throws(StoreError) -> Admission {
        guard let outcome = buckets.outcome(of: reply, tellsQuota: tellsQuota) else {
            throw .failed(.unexpectedReply("\(reply)"))
        }
        switch (outcome.verdict, outcome.refusal) {
        case (1, nil): return .admitted(outcome.quota)
        case (0, let refusal?):
            guard let limit = Admission.Limit(rawValue: refusal.limit) else { break }
            return .limited(by: limit, retryAfter: refusal.retryAfter, outcome.quota)
        case (-1, nil): return .queueFull
        default: break
        }
        throw .failed(.unexpectedReply("\(reply)"))
    }

    // MARK: - Sealing

    /// The stored forms of a request.
    private struct Sealed {
        /// The token's entry, as Tokens.lua describes it.
        let entry: [UInt8]
        /// The code handle's entry, as VerifyCode.lua describes it; empty if no code was requested.
        let handleEntry: [UInt8]
        let job: SealedMailJob
        let recipientTag: String
        /// The tag of recipient and portal, whose earlier links are superseded; `nil` if several links may work at
        /// once.
        let supersedesTag: String?
    }

    private func seal(_ request: SignInRequest, at now: UnixTime) throws(CryptoError) -> Sealed {
        let token = request.link.token
        let recipient = request.recipient.text
        let recipientTag = addressTag(of: recipient)
        let record = TokenRecord(
            email: request.recipient, origin: request.link.origin, next: request.link.next,
            challenge: request.challenge, issuedAt: now)
        let retention = configuration.retention.milliseconds
        let job = MailJob(
            for: request, isNewestOnly: configuration.isNewestOnly, issuedAt: now,
            expiresAt: now + configuration.linkLifetime)
        let handleEntry: [UInt8] =
            if let codeRequest = request.codeRequest {
                try codeKeys.entry(for: codeRequest, token, random: random)
            } else { [] }
        return try Sealed(
            entry: Array("live \(retention) \(request.challenge?.text ?? "-") \(recipientTag) -\n".utf8)
                + record.sealed(for: token, random: random),
            handleEntry: handleEntry, job: job.sealed(by: jobKeys, random: random), recipientTag: recipientTag,
            // No address contains a space, so no recipient has this tag.
            supersedesTag: configuration.isNewestOnly ? addressTag(of: "\(recipient) \(request.link.origin)") : nil)
    }

    /// The first half of an address's HMAC (RFC 2104 §5), as 32 hexadecimal digits.
    private func addressTag(of address: String) -> String {
        addressTags.tag(of: Array(address.utf8)).withUnsafeBytes { hexadecimal($0.prefix(16)) }
    }
}

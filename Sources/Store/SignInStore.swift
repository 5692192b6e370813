public import RedisClient
public import Secrets
public import SignIn

/// What sign-in keeps in Redis, and the one call that a request makes.
///
/// Nothing in Redis is of use to who reads it: tokens are kept as digests, records sealed under keys that only their
/// tokens give, jobs sealed under the deployment's key, and addresses appear as HMACs.
public final class SignInStore: Sendable {
    private let redis: RedisClient
    private let configuration: StoreConfiguration
    private let keys: KeyLayout
    private let jobKeys: KeyRing
    private let addressCodes: MessageAuthentication
    private let random: RandomBytes
    private let script: Script

    /// - Throws: where OpenSSL cannot make the keys.
    public init(redis: RedisClient, configuration: StoreConfiguration, random: RandomBytes) throws(SecretsError) {
        precondition(!configuration.keys.isEmpty, "a deployment has a key")
        self.redis = redis
        self.configuration = configuration
        self.random = random
        keys = KeyLayout(prefix: configuration.keyPrefix)
        jobKeys = try KeyRing(configuration.keys, purpose: MailJob.sealingPurpose)
        let master = MessageAuthentication(key: configuration.keys[0].key)
        addressCodes = MessageAuthentication(key: try master.derivedKey(for: "postern recipient bucket 1"))
        script = try SignInStore.script()
    }

    /// The commands that spare a new connection's first request a second round trip.
    public static func preparations() throws(SecretsError) -> [RedisCommand] {
        try [script().load]
    }

    private static func script() throws(SecretsError) -> Script {
        try Script(PackageResources.SendMagicLink_lua)
    }

    /// Whether Redis answers.
    public func isReachable() async -> Bool {
        (try? await redis.send(RedisCommand("PING"))) != nil
    }

    /// Admits a request, remembers its token and queues its mail, in one atomic call: all of it, or nothing.
    ///
    /// The same link again is the same request again: it is admitted, and nothing changes.
    /// - Parameters:
    ///   - link: what the mail is to hold; its token names the request.
    ///   - recipient: whom it is for.
    ///   - language: what the mail is written in.
    ///   - client: who asks; all whose address is unknown share one bucket.
    ///   - now: when the request came.
    /// - Throws: ``StoreError``; where its answer was lost, the request may have been admitted.
    public func send(
        _ link: MagicLink, to recipient: EmailAddress, in language: Language, for client: IPAddress?, at now: UnixTime
    ) async throws(StoreError) -> Admission {
        let request: Request
        do {
            request = try seal(link, to: recipient, in: language, at: now)
        } catch {
            throw .secrets(error)
        }
        let buckets = buckets(for: client, request.recipientCode)
        let capacity = 768 + request.record.count + request.job.box.count
        let reply: RESPValue
        do {
            reply = try await script.call(on: redis, capacity: capacity) { command in
                command.append(2 + buckets.count)
                command.append(keys.token(digest: link.token.digest))
                command.append(keys.mail)
                for bucket in buckets { command.append(bucket.key) }
                command.append(configuration.linkLifetime.microseconds / 1000)
                command.append(request.record)
                command.append(request.job.id)
                command.append(request.job.keyID)
                command.append(request.job.box)
                command.append(configuration.maximumQueueLength)
                for bucket in buckets {
                    command.append(bucket.rate.burst)
                    command.append(bucket.rate.microsecondsPerToken)
                }
            }
        } catch {
            throw StoreError(error)
        }
        return try admission(from: reply, buckets)
    }

    // MARK: - What is stored

    private struct Request {
        let record: [UInt8]
        let job: SealedMailJob
        /// `nil` where recipients are not limited.
        let recipientCode: String?
    }

    private func seal(
        _ link: MagicLink, to recipient: EmailAddress, in language: Language, at now: UnixTime
    ) throws(SecretsError) -> Request {
        let record = TokenRecord(email: recipient, origin: link.origin, next: link.next, issuedAt: now)
        let job = MailJob(
            recipient: recipient, link: link, language: language, issuedAt: now,
            expiresAt: now + configuration.linkLifetime)
        return try Request(
            record: record.sealed(for: link.token, random: random),
            job: job.sealed(by: jobKeys, random: random),
            recipientCode: configuration.limits.recipient == nil ? nil : code(for: recipient))
    }

    /// The first half of the address' HMAC (RFC 2104 §5), as hexadecimal.
    private func code(for recipient: EmailAddress) throws(SecretsError) -> String {
        let code = try addressCodes.code(for: Array(recipient.text.utf8))
        return code.withUnsafeBytes { hexadecimal($0.prefix(16)) }
    }

    // MARK: - Limits

    private struct Bucket {
        let limit: Admission.Limit
        let key: String
        let rate: RateLimit
    }

    /// The buckets that a request takes a token from, the client's first: that is the one whose quota the script tells.
    private func buckets(for client: IPAddress?, _ recipientCode: String?) -> [Bucket] {
        var buckets: [Bucket] = []
        buckets.reserveCapacity(3)
        if let rate = configuration.limits.client {
            let key = keys.clientBucket(network: client?.clientNetwork ?? "unknown")
            buckets.append(Bucket(limit: .client, key: key, rate: rate))
        }
        if let rate = configuration.limits.recipient, let recipientCode {
            buckets.append(Bucket(limit: .recipient, key: keys.recipientBucket(code: recipientCode), rate: rate))
        }
        if let rate = configuration.limits.deployment {
            buckets.append(Bucket(limit: .deployment, key: keys.deploymentBucket, rate: rate))
        }
        return buckets
    }

    private func admission(from reply: RESPValue, _ buckets: [Bucket]) throws(StoreError) -> Admission {
        guard case .array(let numbers) = reply, numbers.count == 5,
            case .integer(let verdict) = numbers[0], case .integer(let refusing) = numbers[1],
            case .integer(let wait) = numbers[2], case .integer(let left) = numbers[3],
            case .integer(let missing) = numbers[4]
        else { throw .failed(.unexpectedReply("\(reply)")) }
        let quota: Admission.Quota? =
            configuration.limits.client == nil ? nil : Admission.Quota(left: left, fullIn: .microseconds(missing))
        switch verdict {
        case 1:
            return .admitted(quota)
        case 0 where buckets.indices.contains(refusing - 1):
            return .limited(by: buckets[refusing - 1].limit, retryAfter: .microseconds(wait), quota)
        case -1:
            return .queueFull
        default:
            throw .failed(.unexpectedReply("\(reply)"))
        }
    }
}

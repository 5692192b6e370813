public import RedisClient
public import Secrets
public import SignIn

/// What sign-in keeps in Redis, and the one call that each request makes.
///
/// Nothing in Redis is of use to who reads it: tokens are kept as digests, records sealed under keys that only their
/// tokens give, jobs sealed under the deployment's key, and addresses and codes appear as HMACs.
public final class SignInStore: Sendable {
    let redis: RedisClient
    let configuration: StoreConfiguration
    let keys: KeyLayout
    let scripts: SignInScripts
    let random: RandomBytes
    let decoy: Decoy
    private let jobKeys: KeyRing
    private let addressCodes: MessageAuthentication
    let codeKeys: CodeKeys

    /// - Throws: where OpenSSL cannot make the keys.
    public init(redis: RedisClient, configuration: StoreConfiguration, random: RandomBytes) throws(SecretsError) {
        precondition(!configuration.keys.isEmpty, "a deployment has a key")
        self.redis = redis
        self.configuration = configuration
        self.random = random
        keys = KeyLayout(prefix: configuration.keyPrefix)
        codeKeys = try CodeKeys(configuration.keys)
        jobKeys = try KeyRing(configuration.keys, purpose: MailJob.sealingPurpose)
        let master = MessageAuthentication(key: configuration.keys[0].key)
        addressCodes = MessageAuthentication(key: try master.derivedKey(for: "postern recipient bucket 1"))
        scripts = try SignInScripts()
        decoy = try Decoy(random: random)
    }

    /// What a server should know before the first request, which it spares a second round trip.
    public static func scripts() throws(SecretsError) -> [Script] { try SignInScripts().all }

    /// Whether Redis answers.
    public func isReachable() async -> Bool {
        (try? await redis.send(RedisCommand("PING"), isIdempotent: true)) != nil
    }

    /// Admits a request, remembers its token and queues its mail, in one atomic call: all of it, or nothing.
    ///
    /// The same link again is the same request again: it is admitted, and nothing changes.
    /// - Parameters:
    ///   - client: who asks; all whose address is unknown share one bucket.
    ///   - now: when the request came.
    /// - Throws: ``StoreError``; where its answer was lost, the request may have been admitted.
    public func send(
        _ request: SignInRequest, for client: IPAddress?, at now: UnixTime
    ) async throws(StoreError) -> Admission {
        let sealed = try StoreError.wrapping { () throws(SecretsError) in try seal(request, at: now) }
        var buckets = Buckets()
        let limits = configuration.limits
        buckets.append(.client, limits.client, key: keys.clientBucket(network: client.network))
        buckets.append(.recipient, limits.recipient, key: keys.recipientBucket(code: sealed.recipientCode))
        buckets.append(.deployment, limits.deployment, key: keys.deploymentBucket)
        let reply = try await call(
            scripts.send, keys: [keys.token(digest: request.link.token.digest), keys.mail], buckets,
            capacity: 1024 + sealed.entry.count + sealed.job.box.count
        ) { command in
            command.append((configuration.linkLifetime + configuration.retention).microseconds / 1000)
            command.append(sealed.entry)
            command.append(sealed.job.id)
            command.append(sealed.job.keyID)
            command.append(sealed.job.box)
            command.append(configuration.maximumQueueLength)
            command.append(configuration.linkLifetime.microseconds / 1000)
            command.append(SignInStore.freshLifetime.microseconds / 1000)
            command.append(sealed.newestCode.map(keys.newest) ?? "")
            command.append(request.codeWay.map { keys.request(digest: $0.requestID.digest) } ?? "")
            command.append(sealed.requestEntry)
        }
        guard let outcome = buckets.outcome(of: reply, tellsQuota: limits.client != nil) else {
            throw .failed(.unexpectedReply("\(reply)"))
        }
        switch (outcome.verdict, outcome.refusal) {
        case (1, nil): return .admitted(outcome.quota)
        case (0, let refusal?): return .limited(by: refusal.limit, retryAfter: refusal.retryAfter, outcome.quota)
        case (-1, nil): return .queueFull
        default: throw .failed(.unexpectedReply("\(reply)"))
        }
    }

    /// Calls a script.
    /// - Parameters:
    ///   - keys: those before the buckets'.
    ///   - arguments: appends those before the buckets' settings.
    func call(
        _ script: Script, keys: [String], _ buckets: Buckets = Buckets(), capacity: Int = 512,
        arguments: (inout RedisCommand) -> Void
    ) async throws(StoreError) -> RESPValue {
        do {
            return try await script.call(on: redis, capacity: capacity) { command in
                command.append(keys.count + buckets.count)
                for key in keys { command.append(key) }
                buckets.appendKeys(to: &command)
                arguments(&command)
                buckets.appendSettings(to: &command)
            }
        } catch {
            throw StoreError(error)
        }
    }

    // MARK: - What is stored of a request

    private struct Sealed {
        /// The token's entry, as Tokens.lua describes it.
        let entry: [UInt8]
        /// The request's entry, as VerifyCode.lua describes it; empty where no code was asked for.
        let requestEntry: [UInt8]
        let job: SealedMailJob
        let recipientCode: String
        /// The recipient's and the portal's; `nil` where several links may work at once.
        let newestCode: String?
    }

    private func seal(_ request: SignInRequest, at now: UnixTime) throws(SecretsError) -> Sealed {
        let token = request.link.token
        let recipient = request.recipient.text
        let recipientCode = try code(for: recipient)
        let record = TokenRecord(
            email: request.recipient, origin: request.link.origin, next: request.link.next,
            challenge: request.challenge, issuedAt: now)
        let retention = configuration.retention.microseconds / 1000
        let job = MailJob(
            for: request, isNewestOnly: configuration.isNewestOnly, issuedAt: now,
            expiresAt: now + configuration.linkLifetime)
        let requestEntry: [UInt8] =
            if let way = request.codeWay { try codeKeys.entry(for: way, token, random: random) } else { [] }
        return try Sealed(
            entry: Array("live \(retention) \(request.challenge?.text ?? "-") \(recipientCode) -\n".utf8)
                + record.sealed(for: token, random: random),
            requestEntry: requestEntry, job: job.sealed(by: jobKeys, random: random), recipientCode: recipientCode,
            // No address holds a blank, so this is the code of no address.
            newestCode: configuration.isNewestOnly ? code(for: "\(recipient) \(request.link.origin)") : nil)
    }

    /// The first half of an address' HMAC (RFC 2104 §5), as hexadecimal.
    private func code(for address: String) throws(SecretsError) -> String {
        let code = try addressCodes.code(for: Array(address.utf8))
        return code.withUnsafeBytes { hexadecimal($0.prefix(16)) }
    }
}

extension IPAddress? {
    /// Whom a bucket is for; all whose address is unknown share one.
    var network: String { self?.clientNetwork ?? "unknown" }
}

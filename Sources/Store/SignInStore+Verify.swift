import RedisClient
import Secrets
public import SignIn

extension SignInStore {
    /// So many wrong codes for one address, and no code lets anybody in: one guess in 200,000 succeeds.
    static let maximumTries = 5
    /// For how long wrong codes are remembered, at least. They outlive every code that they were tried on.
    static let triesMemory = Duration.seconds(3600)

    /// Takes a token, in one atomic call. Of all calls with one token one succeeds.
    /// - Parameters:
    ///   - token: `nil` where what was brought is no token; that is found out like any that is unknown.
    ///   - challenge: that of the verifier that was brought; it must be the one that the link was asked for with.
    ///   - client: who brings it.
    /// - Throws: ``StoreError``; where its answer was lost, the token may have been taken.
    public func verify(
        _ token: LoginToken?, challenge: CodeChallenge?, for client: IPAddress?
    ) async throws(StoreError) -> Verification {
        let token = token ?? decoy.token
        let limit = configuration.limits.verification
        var buckets = Buckets()
        buckets.append(.verification, limit, key: keys.verificationBucket(network: client.network))
        let name = try nameOfCall()
        // Most tokens of a deployment whose links lead to its own page come by way of another.
        let isByWay = configuration.retention > .zero
        let reply = try await call(scripts.verifyToken, keys: [keys.token(digest: token.digest)], buckets) { command in
            command.append(keys.prefix)
            command.append(name)
            command.append(challenge?.text ?? "-")
            command.append(decoy.entry)
            command.append(isByWay ? decoy.entryOfFresh : [])
        }
        return try verification(reply, buckets, tellsQuota: limit != nil, decoysByWay: isByWay) {
            (sealed, _) throws(SecretsError) in
            sealed.isEmpty ? token : try LoginToken(handedOver: sealed, to: token)
        }
    }

    /// Takes a request's token by its code, in one atomic call.
    /// - Parameters:
    ///   - requestID: `nil` where what was brought names no request.
    ///   - code: a wrong one is counted.
    ///   - challenge: that of the verifier that was brought; it must be the one that the link was asked for with.
    ///   - client: who brings it.
    /// - Throws: ``StoreError``; where its answer was lost, the token may have been taken, or a try counted.
    public func verify(
        _ code: SignInCode, of requestID: LoginToken?, challenge: CodeChallenge?, for client: IPAddress?
    ) async throws(StoreError) -> Verification {
        let requestID = requestID ?? decoy.fresh
        let limit = configuration.limits.code
        var buckets = Buckets()
        buckets.append(.code, limit, key: keys.codeBucket(network: client.network))
        let name = try nameOfCall()
        let checks = try StoreError.wrapping { () throws(SecretsError) in
            try codeKeys.checks(of: code, for: requestID)
        }
        let reply = try await call(
            scripts.verifyCode, keys: [keys.request(digest: requestID.digest)], buckets
        ) { command in
            command.append(keys.prefix)
            command.append(name)
            command.append(challenge?.text ?? "-")
            command.append(checks)
            command.append(SignInStore.maximumTries)
            command.append(max(SignInStore.triesMemory, configuration.linkLifetime).microseconds / 1000)
        }
        return try verification(reply, buckets, tellsQuota: limit != nil, decoysByWay: true) {
            (sealed, keyID) throws(SecretsError) in
            try codeKeys.token(in: sealed, keyID: keyID, of: requestID)
        }
    }

    /// A name for one call, which no other has.
    private func nameOfCall() throws(StoreError) -> String {
        try StoreError.wrapping { () throws(SecretsError) in
            try random.secret(count: 16).withUnsafeBytes { hexadecimal($0) }
        }
    }

    /// - Parameters:
    ///   - decoysByWay: whether a decoy's token is sealed for another, too.
    ///   - open: gives the mailed token, as it was sealed for what was brought, and under which key.
    private func verification(
        _ reply: RESPValue, _ buckets: Buckets, tellsQuota: Bool, decoysByWay: Bool,
        _ open: (_ sealed: [UInt8], _ keyID: String) throws(SecretsError) -> LoginToken
    ) throws(StoreError) -> Verification {
        guard let outcome = buckets.outcome(of: reply, tellsQuota: tellsQuota) else {
            throw .failed(.unexpectedReply("\(reply)"))
        }
        switch (outcome.verdict, outcome.refusal, Array(outcome.rest)) {
        case (1, nil, let rest):
            guard rest.count == 3, case .bulk(let sealed) = rest[0], case .bulk(let keyID) = rest[1],
                case .bulk(let record) = rest[2]
            else { break }
            let person = try StoreError.wrapping { () throws(SecretsError) in
                let token = try open(sealed, String(decoding: keyID, as: UTF8.self))
                return SignedIn(by: token, try TokenRecord(opening: record, with: token))
            }
            return .signedIn(person, outcome.quota)
        case (0, let refusal?, _):
            return .limited(retryAfter: refusal.retryAfter, outcome.quota)
        case (-1, nil, _):
            let nobody = try StoreError.wrapping { () throws(SecretsError) in
                try decoysByWay ? decoy.signedInByWay() : decoy.signedIn()
            }
            return .refused(decoy: nobody, outcome.quota)
        default: break
        }
        // Not told: it may hold a sealed token.
        throw .failed(.unexpectedReply("of \(outcome.rest.count) values, with the verdict \(outcome.verdict)"))
    }
}

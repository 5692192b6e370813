import Bytes
import Cryptography
import Net
import Platform
import Redis

/// The keys of VerifyToken.lua.
enum VerifyTokenKey: String, ScriptName {
    case links = "links_key"
    case tries = "tries_key"
}

/// The arguments of VerifyToken.lua.
enum VerifyTokenArgument: String, ScriptName {
    case id, call, challenge, portal, keys
    case decoyRecord = "decoy_record"
    case decoyToken = "decoy_token"
}

extension SignInStore {
    /// Verifies a token and marks its link as used, in one atomic call. Of all calls with one token, one succeeds.
    /// - Parameters:
    ///   - token: a mailed token or an exchange token; `nil` for a text that is not a token, which is processed like an
    ///     unknown one.
    ///   - challenge: the challenge of the request's verifier. It must be the one that the link was requested with.
    ///   - portal: the portal that presents the token, which must be the link's; `nil` if it did not say.
    /// - Throws: ``StoreError``. If the reply was lost, the token may have been used.
    package func verify(
        _ token: LoginToken?, challenge: CodeChallenge?, at portal: Origin? = nil, from client: IPAddress?
    ) async throws(StoreError) -> Verification {
        let token = token ?? decoy.token
        let limit = policy.limits.verification
        var buckets = Buckets(keyPrefix: keys.prefix)
        buckets.append(limit, ofClient: ClientNetworks(client))
        let callID = try newCallID()
        // With a confirmation page most tokens are exchange tokens.
        let viaExchange = policy.publicURL != nil
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.verifyToken.call(on: redis, buckets) { names in
                names.append(.links, keys.links(at: token.place))
                names.append(.tries, keys.tries(at: token.place))
            } arguments: { values in
                values.append(.id, token.id)
                values.append(.call, callID)
                values.append(.challenge, challenge?.text ?? "-")
                values.append(.portal, portal.map(SignInStore.tag) ?? "")
                values.append(.keys, tokenKeys.ids)
                values.append(.decoyRecord, decoy.sealedRecord)
                values.append(.decoyToken, viaExchange ? decoy.sealedToken : [])
            }
        }
        let outcome = try outcome(of: reply, buckets, tellsQuota: limit.rate != nil)
        let presented = Presented(challenge: challenge, portal: portal)
        return try verification(of: presented, outcome, viaExchange: viaExchange) { (sealed) throws(CryptoError) in
            sealed.isEmpty ? token : try LoginToken(sealed: sealed, for: token, by: tokenKeys)
        }
    }

    /// A random id for one call of a script: 32 hexadecimal digits.
    func newCallID() throws(StoreError) -> String {
        try StoreError.wrapping { () throws(CryptoError) in
            try random.secret(count: 16).withUnsafeBytes { hexadecimal($0) }
        }
    }

    /// Parses the result of a verification from a script's outcome.
    /// - Parameters:
    ///   - viaExchange: whether the work for a refused token includes opening a sealed token.
    ///   - open: returns the mailed token, which was sealed for the client's token or code handle.
    func verification(
        of presented: Presented, _ outcome: Buckets.Outcome, viaExchange: Bool,
        _ open: (_ sealed: [UInt8]) throws(CryptoError) -> LoginToken
    ) throws(StoreError) -> Verification {
        switch (outcome.verdict, outcome.refusal, Array(outcome.rest)) {
        case (1, nil, let rest):
            guard rest.count == 2, case .bulk(let sealed) = rest[0], case .bulk(let record) = rest[1] else { break }
            let person = try StoreError.wrapping { () throws(CryptoError) in
                let token = try open(sealed)
                return SignedIn(by: token, try TokenRecord(opening: record, with: token, by: tokenKeys))
            }
            // The script decided by what Redis holds in the open. Only a changed value differs from the record.
            guard presented.matches(person.record, at: redis.time(at: .now())) else {
                return .refused(decoy: person, outcome.quota, locksCodes: false)
            }
            return .signedIn(person, outcome.quota)
        case (0, let refusal?, _):
            return .limited(by: refusal.limit, retryAfter: refusal.retryAfter, outcome.quota)
        case (-1, nil, let rest):
            let fake = try StoreError.wrapping { () throws(CryptoError) in
                try viaExchange ? decoy.signedInViaExchange() : decoy.signedIn()
            }
            return .refused(
                decoy: fake, outcome.quota, locksCodes: rest.count == 1 && rest.first == .integer(1))
        default: break
        }
        // The reply itself is left out: it may hold a sealed token.
        throw .failed(.unexpectedReply("\(outcome.rest.count) values with the verdict \(outcome.verdict)"))
    }
}

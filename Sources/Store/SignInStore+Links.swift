import RedisClient
import Secrets
public import SignIn

/// What became of a mailed link.
public enum LinkState: Sendable {
    /// It can be opened.
    case live(TokenRecord)
    /// It cannot, for a reason, and what it was for is still known.
    case over(Reason, TokenRecord)
    /// Nobody knows it, or nobody knows it any more.
    case unknown

    public enum Reason: Sendable, CaseIterable {
        case used
        case expired
        /// A newer link was sent.
        case ended
    }
}

/// The outcome of a mailed token that was brought to be changed for a fresh one.
public enum Opening: Sendable {
    /// The fresh token is remembered; the record is that of the mailed one.
    case opened(TokenRecord)
    case notOpened(LinkState)
    case limited(retryAfter: Duration)
}

extension SignInStore {
    /// How long a fresh token works: as long as a browser takes from one page to the next.
    public static let freshLifetime = Duration.seconds(60)

    /// Looks at a link, and changes nothing, however often and by whomever.
    /// - Parameter token: `nil` where the link holds none.
    public func state(of token: LoginToken?) async throws(StoreError) -> LinkState {
        guard let token else { return .unknown }
        let reply = try await call(scripts.lookAtLink, keys: [keys.token(digest: token.digest)]) { _ in }
        guard case .array(let values) = reply else { throw .failed(.unexpectedReply("\(reply)")) }
        return try state(values[...], of: token)
    }

    /// Changes a mailed token for a fresh one, in one atomic call.
    /// - Parameters:
    ///   - token: `nil` where the link holds none.
    ///   - fresh: a new token, whose link leads to the portal.
    ///   - client: who opens the link.
    /// - Throws: ``StoreError``; where its answer was lost, the token may have been changed; it can be again.
    public func open(
        _ token: LoginToken?, for fresh: LoginToken, by client: IPAddress?
    ) async throws(StoreError) -> Opening {
        let token = token ?? decoy.token
        var buckets = Buckets()
        buckets.append(
            .verification, configuration.limits.verification, key: keys.verificationBucket(network: client.network))
        let sealed = try StoreError.wrapping { () throws(SecretsError) in
            try token.handedOver(to: fresh, random: random)
        }
        let reply = try await call(
            scripts.openLink, keys: [keys.token(digest: token.digest), keys.token(digest: fresh.digest)], buckets
        ) { command in
            command.append(sealed)
            command.append(SignInStore.freshLifetime.microseconds / 1000)
        }
        guard let outcome = buckets.outcome(of: reply, tellsQuota: false) else {
            throw .failed(.unexpectedReply("\(reply)"))
        }
        if let refusal = outcome.refusal { return .limited(retryAfter: refusal.retryAfter) }
        let state = try state(outcome.rest, of: token)
        if outcome.verdict == 1, case .live(let record) = state { return .opened(record) }
        return .notOpened(state)
    }

    /// - Parameter values: a state and a sealed record, or nothing.
    private func state(_ values: ArraySlice<RESPValue>, of token: LoginToken) throws(StoreError) -> LinkState {
        guard !values.isEmpty else { return .unknown }
        guard values.count == 2, case .bulk(let word)? = values.first, case .bulk(let box)? = values.last else {
            throw .failed(.unexpectedReply("\(values)"))
        }
        let record = try StoreError.wrapping { () throws(SecretsError) in try TokenRecord(opening: box, with: token) }
        switch String(decoding: word, as: UTF8.self) {
        case "live": return .live(record)
        case "used": return .over(.used, record)
        case "expired": return .over(.expired, record)
        case "dead": return .over(.ended, record)
        case let word: throw .failed(.unexpectedReply("a token that is \(word)"))
        }
    }
}

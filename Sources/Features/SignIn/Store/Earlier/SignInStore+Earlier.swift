import Bytes
import Cryptography
import Net
import Platform
import Redis

/// The keys of ExchangeEarlier.lua.
enum ExchangeEarlierKey: String, ScriptName {
    case token = "token_key"
    case exchange = "exchange_key"
}

/// The arguments of ExchangeEarlier.lua.
enum ExchangeEarlierArgument: String, ScriptName {
    case digest
    case exchangeDigest = "exchange_digest"
    case sealed, lifetime
}

/// The keys of VerifyEarlier.lua.
enum VerifyEarlierKey: String, ScriptName {
    case token = "token_key"
    case tries = "tries_key"
}

/// The arguments of VerifyEarlier.lua.
enum VerifyEarlierArgument: String, ScriptName {
    case claimant, call, challenge
    case isRight = "is_right"
    case maximumTries = "maximum_tries"
    case triesLifetime = "tries_lifetime"
}

/// Tokens and codes of earlier versions. Each takes up to three calls more, because its entry names the key of another.
extension SignInStore {
    /// The verdict of a script for a token or code that an earlier version stored.
    static let earlierVerdict = 2

    /// Exchanges a mailed token of an earlier version.
    /// - Parameter sealed: the mailed token, sealed for the exchange token.
    func exchangeEarlier(
        _ token: LoginToken, for exchangeToken: LoginToken, _ sealed: [UInt8], _ buckets: Buckets
    ) async throws(StoreError) -> ExchangeResult {
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.exchangeEarlier.call(on: redis, buckets) { names in
                names.append(.token, keys.earlierToken(digest: token.digest))
                names.append(.exchange, keys.earlierToken(digest: exchangeToken.digest))
            } arguments: { values in
                values.append(.digest, token.digest)
                values.append(.exchangeDigest, exchangeToken.digest)
                values.append(.sealed, sealed)
                values.append(.lifetime, SignInStore.exchangeLifetime.milliseconds)
            }
        }
        return try result(try outcome(of: reply, buckets, tellsQuota: false), of: token)
    }

    /// Verifies a mailed token or an exchange token of an earlier version.
    func verifyEarlier(
        _ token: LoginToken, challenge: CodeChallenge?, _ callID: String, _ buckets: Buckets
    ) async throws(StoreError) -> Verification {
        let entry = try await earlierEntry(keys.earlierToken(digest: token.digest))
        let via = entry?.words.count == 2 && entry?.words[0] == "via" ? entry : nil
        return try await verifyEarlier(
            digest: via?.words[1] ?? token.digest, claimant: via == nil ? "-" : token.digest, isRight: true, challenge,
            callID, buckets
        ) { () throws(CryptoError) in
            if let via { try LoginToken(sealed: via.box, for: token) } else { token }
        }
    }

    /// Verifies a code of an earlier version.
    func verifyEarlier(
        _ code: SignInCode, of handle: CodeHandle, challenge: CodeChallenge?, _ callID: String, _ buckets: Buckets
    ) async throws(StoreError) -> Verification {
        let entry = try await earlierEntry(keys.earlierHandle(digest: handle.digest))
        // Without an entry, which has expired a moment ago, the handle's own digest leads to nothing.
        let (tag, digest, keyID) =
            if let words = entry?.words, words.count == 3 { (words[0], words[1], words[2]) } else {
                ("-", handle.digest, "-")
            }
        let isRight = codeKeys.tags(of: code, for: handle).split(separator: " ").contains { $0 == tag }
        return try await verifyEarlier(
            digest: digest, claimant: "", isRight: isRight, challenge, callID, buckets
        ) { () throws(CryptoError) in
            try codeKeys.token(in: entry?.box ?? [], keyID: keyID, for: handle)
        }
    }

    private func verifyEarlier(
        digest: String, claimant: String, isRight: Bool, _ challenge: CodeChallenge?, _ callID: String,
        _ buckets: Buckets, _ open: () throws(CryptoError) -> LoginToken
    ) async throws(StoreError) -> Verification {
        let mailed = try await earlierEntry(keys.earlierToken(digest: digest))
        // If the token has just expired, the count is that of nobody.
        let recipientTag = mailed?.words.count == 5 ? mailed?.words[3] : nil
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.verifyEarlier.call(on: redis, buckets) { names in
                names.append(.token, keys.earlierToken(digest: digest))
                names.append(.tries, keys.earlierTries(recipientTag: recipientTag ?? digest))
            } arguments: { values in
                values.append(.claimant, claimant)
                values.append(.call, callID)
                values.append(.challenge, challenge?.text ?? "-")
                values.append(.isRight, isRight ? "1" : "0")
                values.append(.maximumTries, SignInStore.maximumTries)
                values.append(.triesLifetime, triesLifetime.milliseconds)
            }
        }
        let limit = claimant.isEmpty ? policy.limits.code : policy.limits.verification
        let outcome = try outcome(of: reply, buckets, tellsQuota: limit.rate != nil)
        guard outcome.verdict == 1, case .bulk(let record)? = outcome.rest.first else {
            return try verification(outcome, viaExchange: true) { (_, _) throws(CryptoError) in try open() }
        }
        let person = try StoreError.wrapping { () throws(CryptoError) in
            let token = try open()
            return SignedIn(by: token, try TokenRecord(opening: record, with: token))
        }
        return .signedIn(person, outcome.quota)
    }

    /// An entry of an earlier version: a line of words, and then bytes; `nil` if there is none.
    private func earlierEntry(_ key: String) async throws(StoreError) -> (words: [String], box: [UInt8])? {
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await redis.send(RedisCommand("GET", key), isIdempotent: true)
        }
        guard case .bulk(let value) = reply, let end = value.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = value[..<end].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        return (words, Array(value[(end + 1)...]))
    }
}

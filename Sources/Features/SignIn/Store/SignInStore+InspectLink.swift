import Cryptography
import Redis

extension SignInStore {
    /// Returns the state of a link. Changes nothing.
    /// - Parameter token: `nil` if the link has no valid token.
    package func state(of token: LoginToken?) async throws(StoreError) -> LinkState {
        guard let token else { return .unknown }
        let reply = try await call(scripts.inspectLink, keys: [keys.token(digest: token.digest)]) { _ in }
        guard case .array(let values) = reply else { throw .failed(.unexpectedReply("\(reply)")) }
        return try state(values[...], of: token)
    }

    /// Parses the state of a link from a script's reply.
    /// - Parameter values: a state and a sealed record; empty if the token has no entry.
    func state(_ values: ArraySlice<RESPValue>, of token: LoginToken) throws(StoreError) -> LinkState {
        guard !values.isEmpty else { return .unknown }
        guard values.count == 2, case .bulk(let word)? = values.first, case .bulk(let box)? = values.last else {
            throw .failed(.unexpectedReply("\(values)"))
        }
        let record = try StoreError.wrapping { () throws(CryptoError) in try TokenRecord(opening: box, with: token) }
        switch String(decoding: word, as: UTF8.self) {
        case "live": return .live(record)
        case "used": return .unusable(.used, record)
        case "expired": return .unusable(.expired, record)
        // The word that is stored for it has as many letters as `live`, which it overwrites in place.
        case "dead": return .unusable(.superseded, record)
        case let word: throw .failed(.unexpectedReply("a token in the unknown state \(word)"))
        }
    }
}

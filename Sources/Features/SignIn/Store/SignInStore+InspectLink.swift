import Cryptography
import Redis

/// The keys of InspectLink.lua.
enum InspectLinkKey: String, ScriptName {
    case links = "links_key"
}

/// The arguments of InspectLink.lua.
enum InspectLinkArgument: String, ScriptName {
    case id
}

extension SignInStore {
    /// Returns the state of a link. Changes nothing.
    /// - Parameter token: `nil` if the link has no valid token.
    package func state(of token: LoginToken?) async throws(StoreError) -> LinkState {
        guard let token else { return .unknown }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await scripts.inspectLink.call(on: redis) { names in
                names.append(.links, keys.links(at: token.place))
            } arguments: { values in
                values.append(.id, token.id)
            }
        }
        guard case .array(let values) = reply else { throw .failed(.unexpectedReply("\(reply)")) }
        return try state(values[...], of: token)
    }

    /// Parses the state of a link from a script's reply.
    /// - Parameter values: a state and a sealed record; empty if the link is not stored.
    func state(_ values: ArraySlice<RESPValue>, of token: LoginToken) throws(StoreError) -> LinkState {
        guard !values.isEmpty else { return .unknown }
        guard values.count == 2, case .bulk(let word)? = values.first, case .bulk(let box)? = values.last else {
            throw .failed(.unexpectedReply("\(values)"))
        }
        let record = try StoreError.wrapping { () throws(CryptoError) in
            try TokenRecord(opening: box, with: token, by: tokenKeys)
        }
        switch String(decoding: word, as: UTF8.self) {
        case "live": return .live(record)
        case "used": return .unusable(.used, record)
        case "expired": return .unusable(.expired, record)
        case "superseded": return .unusable(.superseded, record)
        case let word: throw .failed(.unexpectedReply("a link in the unknown state \(word)"))
        }
    }
}

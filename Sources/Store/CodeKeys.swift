import Secrets
import SignIn

/// What codes are kept under: the deployment's keys. Who asked for a code knows its request's name, so that alone must
/// not be enough for who also reads Redis.
struct CodeKeys: Sendable {
    private let ring: KeyRing
    /// Of each key of the ring, the first first.
    private let authentications: [MessageAuthentication]

    init(_ keys: [KeyRing.Entry]) throws(SecretsError) {
        ring = try KeyRing(keys, purpose: "postern code token 1")
        var authentications: [MessageAuthentication] = []
        for entry in keys {
            let key = try MessageAuthentication(key: entry.key).derivedKey(for: "postern code 1")
            authentications.append(MessageAuthentication(key: key))
        }
        self.authentications = authentications
    }

    /// The request's entry, as VerifyCode.lua describes it.
    func entry(for way: SignInRequest.CodeWay, _ token: LoginToken, random: RandomBytes) throws(SecretsError) -> [UInt8]
    {
        let check = try CodeKeys.check(of: way.code, way.requestID, under: authentications[0])
        let box = try token.kept(for: way.requestID, by: ring, random: random)
        return Array("\(check) \(token.digest) \(ring.sealingKeyID)\n".utf8) + box
    }

    /// What the check in the entry may be, parted by blanks: one for each key.
    func checks(of code: SignInCode, for requestID: LoginToken) throws(SecretsError) -> String {
        var checks: [String] = []
        for authentication in authentications {
            checks.append(try CodeKeys.check(of: code, requestID, under: authentication))
        }
        return checks.joined(separator: " ")
    }

    /// The token in an entry.
    func token(in box: [UInt8], keyID: String, of requestID: LoginToken) throws(SecretsError) -> LoginToken {
        try LoginToken(kept: box, for: requestID, by: ring, keyID: keyID)
    }

    /// The HMAC of a code and its request (RFC 2104), as lower-case hexadecimal.
    private static func check(
        of code: SignInCode, _ requestID: LoginToken, under authentication: MessageAuthentication
    ) throws(SecretsError) -> String {
        try authentication.code(for: Array("\(requestID.digest) \(code.text)".utf8)).withUnsafeBytes { hexadecimal($0) }
    }
}

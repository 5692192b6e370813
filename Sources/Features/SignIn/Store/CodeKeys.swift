import Bytes
import Cryptography

/// Keys that protect codes, derived from the deployment's. The requester knows the code handle, so the handle plus a
/// read of Redis must not reveal the code.
struct CodeKeys: Sendable {
    private let ring: KeyRing
    /// One for each key of the ring, in the same order.
    private let authentications: [MessageAuthentication]

    init(_ keys: [KeyRing.Entry]) {
        ring = KeyRing(keys, purpose: "postern code token 1")
        authentications = keys.map { entry in
            MessageAuthentication(key: MessageAuthentication(key: entry.key).derivedKey(for: "postern code 1"))
        }
    }

    /// The handle's entry, as VerifyCode.lua describes it.
    func entry(
        for request: SignInRequest.CodeRequest, _ token: LoginToken, random: RandomBytes
    ) throws(CryptoError) -> [UInt8] {
        let tag = CodeKeys.tag(of: request.code, request.handle, under: authentications[0])
        let box = try token.sealed(for: request.handle, by: ring, random: random)
        return Array("\(tag) \(token.digest) \(ring.sealingKeyID)\n".utf8) + box
    }

    /// The tags that the entry may hold for a code, separated by spaces: one for each key.
    func tags(of code: SignInCode, for handle: CodeHandle) -> String {
        authentications.map { CodeKeys.tag(of: code, handle, under: $0) }.joined(separator: " ")
    }

    /// The mailed token in an entry.
    func token(in box: [UInt8], keyID: String, for handle: CodeHandle) throws(CryptoError) -> LoginToken {
        try LoginToken(sealed: box, for: handle, by: ring, keyID: keyID)
    }

    /// The HMAC of a code and its handle (RFC 2104), as lower-case hexadecimal.
    private static func tag(
        of code: SignInCode, _ handle: CodeHandle, under authentication: MessageAuthentication
    ) -> String {
        authentication.tag(of: Array("\(handle.digest) \(code.text)".utf8)).withUnsafeBytes { hexadecimal($0) }
    }
}

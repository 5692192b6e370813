import Bytes
import Cryptography

/// Keys that protect codes, derived from the deployment's. The requester knows the code handle, so the handle plus a
/// read of Redis must not reveal the code.
package struct CodeKeys: Sendable {
    private let ring: KeyRing
    /// One for each key of the ring, in the same order.
    private let authentications: [MessageAuthentication]

    init(_ keys: [KeyRing.Entry]) {
        ring = KeyRing(keys, purpose: "postern code token 1")
        authentications = keys.map { entry in
            MessageAuthentication(key: MessageAuthentication(key: entry.key).derivedKey(for: "postern code 1"))
        }
    }

    /// The stored form of a code.
    package struct Sealed {
        /// The HMAC of the code and its handle.
        package let tag: String
        /// The mailed token, sealed for the handle.
        package let token: [UInt8]
    }

    /// Seals a code and the mailed token for a handle.
    package func seal(
        _ request: SignInRequest.CodeRequest, _ token: LoginToken, random: RandomBytes
    ) throws(CryptoError) -> Sealed {
        Sealed(
            tag: CodeKeys.tag(of: request.code, request.handle, under: authentications[0]),
            token: try token.sealed(for: request.handle, by: ring, random: random))
    }

    /// The tags that may be stored for a code, separated by spaces: one for each key.
    func tags(of code: SignInCode, for handle: CodeHandle) -> String {
        authentications.map { CodeKeys.tag(of: code, handle, under: $0) }.joined(separator: " ")
    }

    /// The mailed token that was sealed for a handle.
    func token(in box: [UInt8], for handle: CodeHandle) throws(CryptoError) -> LoginToken {
        try LoginToken(sealed: box, for: handle, by: ring)
    }

    /// The HMAC of a code and its handle (RFC 2104), as lower-case hexadecimal.
    private static func tag(
        of code: SignInCode, _ handle: CodeHandle, under authentication: MessageAuthentication
    ) -> String {
        authentication.tag(of: Array("\(handle.digest) \(code.text)".utf8)).withUnsafeBytes { hexadecimal($0) }
    }
}

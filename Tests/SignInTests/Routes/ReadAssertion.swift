import Cryptography
import Foundation
import SignIn
import Web

/// The assertion in a response, parsed with another decoder than the program's.
struct ReadAssertion {
    let header: [String: Any]
    let claims: [String: Any]
    /// Header and claims as they were signed.
    let signedText: String
    let signature: [UInt8]

    init(_ response: Response) throws {
        guard let text = response.member("assertion") as? String else { throw NotAsExpected() }
        let parts = text.components(separatedBy: ".")
        guard parts.count == 3, let header = ReadAssertion.object(parts[0]),
            let claims = ReadAssertion.object(parts[1]), let signature = bytes(base64URL: parts[2])
        else { throw NotAsExpected() }
        self.header = header
        self.claims = claims
        self.signature = signature
        signedText = "\(parts[0]).\(parts[1])"
    }

    private static func object(_ part: String) -> [String: Any]? {
        guard let bytes = bytes(base64URL: part) else { return nil }
        let object = try? JSONSerialization.jsonObject(with: Data(bytes))
        return object as? [String: Any]
    }

    /// Whether the signature is that of a private key, which signs the same text in one way only (RFC 8032 §5.1.6).
    func isSigned(by key: [UInt8]) throws -> Bool {
        SigningKey(Secret(copying: key)).signature(of: Array(signedText.utf8)) == signature
    }
}

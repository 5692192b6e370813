import Foundation

/// The response that AUTH waits for: that of PLAIN (RFC 4616), or one of the two of LOGIN.
enum SMTPChallenge {
    case plain
    case user
    case password(user: String)

    /// The result of a response.
    enum Outcome {
        case credentials(user: String, password: String)
        case challenge(SMTPChallenge)
    }

    /// The text after `334`, in base64.
    var prompt: String {
        switch self {
        case .plain: ""
        case .user: "VXNlcm5hbWU6"
        case .password: "UGFzc3dvcmQ6"
        }
    }

    /// Returns the result of a response in base64; `nil` if the response is invalid.
    func outcome(of response: String) -> Outcome? {
        guard let bytes = Data(base64Encoded: response) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        switch self {
        case .plain:
            // The authorization identity, the authentication identity, and the password.
            let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return .credentials(
                user: String(decoding: parts[1], as: UTF8.self), password: String(decoding: parts[2], as: UTF8.self))
        case .user: return .challenge(.password(user: text))
        case .password(let user): return .credentials(user: user, password: text)
        }
    }
}

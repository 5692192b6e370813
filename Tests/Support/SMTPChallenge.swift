import Foundation

/// What AUTH waits for: the response of PLAIN (RFC 4616), or one of the two of LOGIN.
enum SMTPChallenge {
    case plain
    case user
    case password(user: String)

    /// What a response comes to.
    enum Outcome {
        case credentials(user: String, password: String)
        case challenge(SMTPChallenge)
    }

    /// What follows `334`, in Base64.
    var prompt: String {
        switch self {
        case .plain: ""
        case .user: "VXNlcm5hbWU6"
        case .password: "UGFzc3dvcmQ6"
        }
    }

    /// What a response, in Base64, comes to; `nil` where it is none.
    func outcome(of response: String) -> Outcome? {
        guard let bytes = Data(base64Encoded: response) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        switch self {
        case .plain:
            // The identity to act for, that to authenticate as, and the password.
            let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return .credentials(
                user: String(decoding: parts[1], as: UTF8.self), password: String(decoding: parts[2], as: UTF8.self))
        case .user: return .challenge(.password(user: text))
        case .password(let user): return .credentials(user: user, password: text)
        }
    }
}

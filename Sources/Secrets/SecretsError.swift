import COpenSSL

/// What can go wrong with keys and sealed boxes. Its description holds neither.
public enum SecretsError: Error, Equatable, CustomStringConvertible {
    /// A function of OpenSSL failed; `reason` is its own word for why.
    case openSSL(function: String, reason: String)
    /// The operating system gave no random bytes.
    case noRandomness
    /// A box that is too short, was changed, or was sealed under another key or for another purpose.
    case notAuthentic
    /// A box sealed under a key that the key ring does not hold.
    case unknownKey(id: String)

    public var description: String {
        switch self {
        case .openSSL(let function, let reason): "\(function) failed: \(reason)"
        case .noRandomness: "the operating system gave no random bytes"
        case .notAuthentic: "the sealed box is not authentic"
        case .unknownKey(let id): "no key with the id \(id) is configured"
        }
    }

    /// The failure of `function`, with the reason from this thread's error queue, which is emptied.
    static func failure(of function: String) -> SecretsError {
        let code = ERR_get_error()
        ERR_clear_error()
        let reason = ERR_reason_error_string(code).map { String(cString: $0) }
        return .openSSL(function: function, reason: reason ?? "no reason given")
    }
}

/// Checks the return code of one of OpenSSL's functions: 1 is success.
func check(_ code: CInt, _ function: String) throws(SecretsError) {
    guard code == 1 else { throw .failure(of: function) }
}

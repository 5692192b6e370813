import COpenSSL

/// The OpenSSL library as a whole.
package enum OpenSSL {
    /// Initialises OpenSSL without what sign-in does not use, which is most of the time that it takes.
    ///
    /// For a program that starts often, before anything else of this module. Without it, OpenSSL behaves the same.
    package static func prepare() {
        // If it fails, so does what follows, which reports it.
        _ = postern_openssl_prepare()
    }
}

/// Ends the process if one of OpenSSL's functions did not return 1, which is success.
///
/// For functions that fail only when memory runs out or the library is broken: nothing can be done about either.
func require(_ code: CInt, _ function: StaticString) {
    guard code == 1 else { fatalError("\(function) failed: \(lastReason())") }  // Out of memory, or a broken OpenSSL.
}

/// What one of OpenSSL's functions made; ends the process if it made nothing, as ``require(_:_:)`` does.
func require<Made>(_ made: Made?, _ function: StaticString) -> Made {
    guard let made else { fatalError("\(function) failed: \(lastReason())") }  // Out of memory, or a broken OpenSSL.
    return made
}

/// The reason in this thread's error queue, which is emptied.
private func lastReason() -> String {
    let code = ERR_get_error()
    ERR_clear_error()
    return ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given"
}

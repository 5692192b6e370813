import COpenSSL

/// The OpenSSL library as a whole.
package enum OpenSSL {
    /// Initialises OpenSSL without the parts that are not used here, which take most of the time.
    ///
    /// For a program that starts often: call it before anything else in this module. Without the call, OpenSSL behaves
    /// the same, but starts more slowly.
    package static func prepare() {
        // A failure is ignored: later calls fail too, and report it.
        _ = postern_openssl_prepare()
    }
}

/// Ends the process unless an OpenSSL function returned 1, which means success.
///
/// For functions that fail only if memory is exhausted or the library is broken; the process cannot recover from
/// either.
func require(_ code: CInt, _ function: StaticString) {
    guard code == 1 else { fatalError("\(function) failed: \(lastReason())") }  // Out of memory, or a broken OpenSSL.
}

/// Returns the object that an OpenSSL function created; ends the process if the function returned null.
func require<Object>(_ object: Object?, _ function: StaticString) -> Object {
    guard let object else { fatalError("\(function) failed: \(lastReason())") }  // Out of memory, or a broken OpenSSL.
    return object
}

/// Returns the oldest reason in this thread's error queue, and empties the queue.
private func lastReason() -> String {
    let code = ERR_get_error()
    ERR_clear_error()
    return ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given"
}

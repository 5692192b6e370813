import COpenSSL

/// Has OpenSSL come up without what sign-in does not use, which is most of the time that it takes. For a program that
/// starts often, before anything else of this module; without it, OpenSSL is the same but for that.
public func prepare() {
    // Where it fails, so does what follows, which says so.
    _ = postern_openssl_prepare()
}

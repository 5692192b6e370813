// Re-exports the system's C library. No other file distinguishes platforms.
#if canImport(Glibc)
    @_exported public import Glibc
    @_exported public import SwiftOverlayShims

    /// The limit on open files, for `getrlimit` and `setrlimit`.
    let openFiles = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
#elseif canImport(Musl)
    @_exported public import Musl

    /// The limit on open files, for `getrlimit` and `setrlimit`.
    let openFiles = RLIMIT_NOFILE
#else
    @_exported public import Darwin

    /// The limit on open files, for `getrlimit` and `setrlimit`.
    let openFiles = RLIMIT_NOFILE
#endif

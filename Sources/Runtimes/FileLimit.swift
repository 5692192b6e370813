#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many files, sockets among them, this process may have open.
public enum FileLimit {
    /// Raises the limit as far as is wanted and allowed: shells and init systems start programs with a low one, for the
    /// sake of those that use `select`.
    /// - Returns: the limit from now on.
    public static func raised(toAtLeast wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
            // Where it is refused, the old one stays.
            _ = setrlimit(resource, &limit)
            _ = getrlimit(resource, &limit)
        }
        return Int(min(limit.rlim_cur, rlim_t(wanted)))
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}

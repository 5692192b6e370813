/// How many files, sockets among them, this process may have open.
package enum FileLimit {
    /// Raises the limit as far as is wanted and allowed: shells and init systems start programs with a low one, for the
    /// sake of those that use `select`.
    /// - Returns: the limit from now on.
    package static func raised(toAtLeast wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(openFiles, &limit) == 0 else { return 1024 }
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
            // Where it is refused, the old one stays.
            _ = setrlimit(openFiles, &limit)
            _ = getrlimit(openFiles, &limit)
        }
        return Int(min(limit.rlim_cur, rlim_t(wanted)))
    }
}

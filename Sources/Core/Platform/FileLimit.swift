/// The limit on this process' open files, including sockets.
package enum FileLimit {
    /// Raises the limit to `wanted`, or as far as the system allows. Shells and init systems start programs with a low
    /// limit, for the sake of programs that use `select`.
    /// - Returns: the limit that now applies, at most `wanted`; 1,024 if it cannot be read.
    package static func raise(toAtLeast wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(openFiles, &limit) == 0 else { return 1024 }
        if limit.rlim_cur < wanted {
            limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
            // If this fails, the old limit stays.
            _ = setrlimit(openFiles, &limit)
            _ = getrlimit(openFiles, &limit)
        }
        return Int(min(limit.rlim_cur, rlim_t(wanted)))
    }
}

import Platform

/// Waits for the signals that stop the process, SIGTERM and SIGINT, on one thread. Those about writing are ignored.
struct EndSignals {
    private var set = sigset_t()

    /// Blocks and ignores the signals. Call this before any other thread starts, because threads inherit the mask
    /// (pthread_sigmask(3)).
    init() {
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        ignoreWriteSignals()
    }

    /// Waits for one of the signals.
    func wait() {
        var (set, signal) = (set, CInt())
        sigwait(&set, &signal)
    }
}

import Platform

/// The signals that tell the process to end, SIGTERM and SIGINT, waited for by one thread.
struct EndSignals {
    private var set = sigset_t()

    /// To be made before any other thread, since these are to leave the signals alone as well (pthread_sigmask(3)).
    init() {
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for one of them.
    func wait() {
        var (set, signal) = (set, CInt())
        sigwait(&set, &signal)
    }
}

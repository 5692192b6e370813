/// Makes a write that is not possible fail with an error instead of ending the process: with `EPIPE` if nobody can read
/// it any more, and with `EFBIG` beyond the limit on the size of files (signal(7)).
package func ignoreWriteSignals() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
}

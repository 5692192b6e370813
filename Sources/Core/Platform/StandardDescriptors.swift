/// Opens `/dev/null` in place of the standard descriptors that are closed. Otherwise a file or a socket would get the
/// number of standard error, and the log would be written into it.
package func openStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
        // The lowest free number is taken, which is this one.
        _ = open("/dev/null", O_RDWR)
    }
}

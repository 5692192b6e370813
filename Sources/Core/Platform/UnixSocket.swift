/// Whether a descriptor is that of a Unix socket.
package func isUnixSocket(_ descriptor: CInt) -> Bool {
    var address = sockaddr()
    var length = socklen_t(MemoryLayout<sockaddr>.size)
    return getsockname(descriptor, &address, &length) == 0 && Int32(address.sa_family) == AF_UNIX
}

/// Where AWS Lambda's Runtime API is, on this machine.
package struct RuntimeAPIAddress: Sendable {
    /// A name or an address.
    package let host: String
    /// 1 to 65535.
    package let port: Int

    /// The address of a host's port.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

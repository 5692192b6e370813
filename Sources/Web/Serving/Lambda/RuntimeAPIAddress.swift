/// The address of AWS Lambda's Runtime API, on this machine.
package struct RuntimeAPIAddress: Sendable {
    /// A name or an IP address.
    package let host: String
    /// 1 to 65535.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

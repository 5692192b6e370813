/// Where AWS Lambda's Runtime API is, on this machine.
public struct RuntimeAPIAddress: Sendable {
    /// A name or an address.
    public let host: String
    /// 1 to 65535.
    public let port: Int

    /// The address of a host's port.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

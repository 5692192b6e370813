/// A reply in RESP2, version 2 of Redis' protocol.
package enum RESPValue: Sendable, Equatable {
    /// A simple string, such as `OK`.
    case status(String)
    /// An error message; its first word is the error's code.
    case error(String)
    case integer(Int)
    /// A bulk string: any bytes.
    case bulk([UInt8])
    /// A null string or a null array.
    case null
    case array([RESPValue])
}

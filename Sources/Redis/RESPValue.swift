/// A reply in RESP2, the protocol's second version.
package enum RESPValue: Sendable, Equatable {
    /// A simple string, such as `OK`.
    case status(String)
    /// An error; the first word of its message is its code.
    case error(String)
    case integer(Int)
    /// A string of bytes.
    case bulk([UInt8])
    /// A null string or a null array.
    case null
    case array([RESPValue])
}

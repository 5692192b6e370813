import HTTPTypes

/// What names a request in logs and in its answer.
struct RequestID: Sendable {
    let text: String

    /// The caller's own, where it is 1 to 128 visible ASCII characters, else a new one of 32 hexadecimal digits.
    init(fields: HTTPFields) {
        if let given = fields[.xRequestID], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            text = given
        } else {
            let digits = String(UInt128.random(in: 0...UInt128.max), radix: 16)
            text = String(repeating: "0", count: 32 - digits.utf8.count) + digits
        }
    }
}

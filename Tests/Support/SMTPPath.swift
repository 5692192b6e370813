/// The argument of MAIL or RCPT: an address in angle brackets, and parameters (RFC 5321 §4.1.2).
struct SMTPPath {
    /// The address without its brackets; empty for the null sender.
    let address: String
    /// The parameters after the address, such as `SIZE=123`.
    let parameters: [String]

    /// Parses an argument such as `FROM:<ada@example.com> SIZE=123`; `nil` if it has another form.
    /// - Parameter keyword: the text before the address, such as `FROM:`. Its case is ignored.
    init?(_ argument: ArraySlice<UInt8>, after keyword: String) {
        let start = argument.prefix(keyword.utf8.count)
        guard String(decoding: start, as: UTF8.self).uppercased() == keyword else { return nil }
        let path = argument.dropFirst(start.count)
        guard path.first == UInt8(ascii: "<"), let end = SMTPPath.end(of: path) else { return nil }
        let rest = path[(end + 1)...]
        guard rest.isEmpty || rest.first == UInt8(ascii: " ") else { return nil }
        address = String(decoding: path[..<end].dropFirst(), as: UTF8.self)
        parameters = rest.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The index of the closing bracket. One within quotes is part of the address.
    private static func end(of path: ArraySlice<UInt8>) -> Int? {
        var isQuoted = false
        var isEscaped = false
        for (index, byte) in zip(path.indices, path) {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isQuoted: isEscaped = true
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ">") where !isQuoted: return index
            default: break
            }
        }
        return nil
    }
}

import Foundation

/// The bytes of replies and commands in RESP2, whose forms a test knows to be valid.
package enum RESPBytes {
    /// The reply to `TIME`.
    package static func time() -> [UInt8] {
        let seconds = "\(Int(Date().timeIntervalSince1970))"
        return Array("*2\r\n$\(seconds.utf8.count)\r\n\(seconds)\r\n$1\r\n0\r\n".utf8)
    }

    /// The length of the first whole value; `nil` if more bytes are needed.
    package static func length(of bytes: [UInt8], from start: Int = 0) -> Int? {
        guard let end = lineEnd(bytes, start) else { return nil }
        let next = end + 2
        switch bytes[start] {
        case UInt8(ascii: "$"):
            let count = number(bytes[(start + 1)..<end])
            guard count >= 0 else { return next - start }
            return bytes.count >= next + count + 2 ? next + count + 2 - start : nil
        case UInt8(ascii: "*"):
            var position = next
            for _ in 0..<max(0, number(bytes[(start + 1)..<end])) {
                guard let length = length(of: bytes, from: position) else { return nil }
                position += length
            }
            return position - start
        default:
            return next - start
        }
    }

    /// The bulk strings in a command, decoded as UTF-8.
    package static func strings(in command: [UInt8]) -> [String] {
        guard let first = command.first, first == UInt8(ascii: "*"), let end = lineEnd(command, 0) else { return [] }
        var (strings, position) = ([String](), end + 2)
        while position < command.count, let end = lineEnd(command, position) {
            let count = number(command[(position + 1)..<end])
            strings.append(String(decoding: command[(end + 2)..<(end + 2 + count)], as: UTF8.self))
            position = end + 2 + count + 2
        }
        return strings
    }

    private static func lineEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        let end = bytes[start...].firstIndex(of: 13)
        return end.flatMap { $0 + 1 < bytes.count ? $0 : nil }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int { Int(String(decoding: digits, as: UTF8.self)) ?? 0 }
}

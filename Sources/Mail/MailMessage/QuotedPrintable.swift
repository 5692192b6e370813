import Bytes

/// Appends UTF-8 text as quoted-printable (RFC 2045 §6.7): ASCII, lines of at most 76 characters, CRLF line ends.
///
/// A dot at the start of a line is escaped, so SMTP never has to double it (RFC 5321 §4.5.2), and so is the `F` of `From `,
/// before which mailbox formats put a `>` (RFC 4155). CRLF, LF and CR all count as a line end of the text.
func appendQuotedPrintable(_ text: [UInt8], to output: inout [UInt8]) {
    text.withUnsafeBufferPointer { bytes in
        output.reserveCapacity(output.count + bytes.count + bytes.count / 8)
        var column = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if byte == UInt8(ascii: "\r"), index < bytes.count, bytes[index] == UInt8(ascii: "\n") { index += 1 }
                output.append(UInt8(ascii: "\r"))
                output.append(UInt8(ascii: "\n"))
                column = 0
                continue
            }
            let isLiteral = isLiteral(byte, before: index < bytes.count ? bytes[index] : UInt8(ascii: "\n"))
            // One column is reserved for the `=` of a soft line break.
            if column + (isLiteral ? 1 : 3) > 75 {
                output.append(contentsOf: [UInt8(ascii: "="), UInt8(ascii: "\r"), UInt8(ascii: "\n")])
                column = 0
            }
            if isLiteral, column > 0 || !isSpecial(byte, before: bytes[index...]) {
                output.append(byte)
                column += 1
            } else {
                output.append(UInt8(ascii: "="))
                output.append(.uppercaseHexadecimalDigit(byte >> 4))
                output.append(.uppercaseHexadecimalDigit(byte & 15))
                column += 3
            }
        }
    }
}

/// Whether a byte at the start of a line must be escaped there: a dot, or the first one of `From `.
private func isSpecial(_ byte: UInt8, before rest: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    byte == UInt8(ascii: ".") || byte == UInt8(ascii: "F") && rest.starts(with: "rom ".utf8)
}

/// Whether a byte is written unescaped: visible ASCII except `=`, and spaces and tabs that do not end a line.
private func isLiteral(_ byte: UInt8, before next: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "="): false
    case 0x21...0x7E: true
    case UInt8(ascii: " "), UInt8(ascii: "\t"): next != UInt8(ascii: "\n") && next != UInt8(ascii: "\r")
    default: false
    }
}

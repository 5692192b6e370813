/// A text as it stands in HTML, in an attribute's quotes or out of them.
///
/// Byte by byte: with a combining mark behind it, `<` is another character to Swift, but not to a browser.
package func escapedForHTML(_ text: String) -> String {
    String(decoding: escapedForHTML(text.utf8), as: UTF8.self)
}

/// Likewise, of bytes in UTF-8.
package func escapedForHTML(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var escaped: [UInt8] = []
    escaped.reserveCapacity(bytes.count + 32)
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "&"): escaped += "&amp;".utf8
        case UInt8(ascii: "<"): escaped += "&lt;".utf8
        case UInt8(ascii: ">"): escaped += "&gt;".utf8
        case UInt8(ascii: "\""): escaped += "&quot;".utf8
        case UInt8(ascii: "'"): escaped += "&#39;".utf8
        default: escaped.append(byte)
        }
    }
    return escaped
}

/// A text escaped for HTML: as content, or in a quoted attribute value.
///
/// It is escaped by bytes, not by characters: `<` followed by a combining mark is another character in Swift, but is
/// still `<` in a browser.
package func escapedForHTML(_ text: String) -> String {
    String(decoding: escapedForHTML(text.utf8), as: UTF8.self)
}

/// UTF-8 bytes escaped for HTML: as content, or in a quoted attribute value.
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

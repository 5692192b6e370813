import Mustache

/// A text as it stands in HTML, in an attribute's quotes or out of them.
///
/// Byte by byte: with a combining mark behind it, `<` is another character to Swift, but not to a browser.
func escapedForHTML(_ text: String) -> String {
    String(decoding: escapedForHTML(text.utf8), as: UTF8.self)
}

/// Likewise, of bytes in UTF-8.
func escapedForHTML(_ bytes: some Collection<UInt8>) -> [UInt8] {
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

/// What values in a template of HTML go through.
struct HTMLEscaping: MustacheContentType {
    /// The name that templates know it by. The library's own type of that name goes by characters.
    static let name = "HTML"

    /// What a template starts with whose values are escaped.
    static let pragma: String = {
        MustacheContentTypes.register(HTMLEscaping(), named: name)
        return "{{% CONTENT_TYPE:\(name)}}\n"
    }()

    func escapeText(_ text: String) -> String { escapedForHTML(text) }
}

import Mustache

/// A text as it stands in HTML, in an attribute's quotes or out of them.
///
/// Scalar by scalar: with a combining mark behind it, `<` is another character to Swift, but not to a browser.
func escapedForHTML(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count + 32)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}

/// What values in a template of HTML go through.
struct HTMLEscaping: MustacheContentType {
    /// The name that templates know it by. The library's own type of that name goes by characters, not by scalars.
    static let name = "HTML"

    /// What a template starts with whose values are escaped.
    static let pragma: String = {
        MustacheContentTypes.register(HTMLEscaping(), named: name)
        return "{{% CONTENT_TYPE:\(name)}}\n"
    }()

    func escapeText(_ text: String) -> String { escapedForHTML(text) }
}

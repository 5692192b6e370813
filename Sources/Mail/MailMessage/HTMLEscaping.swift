import Bytes
import Mustache

/// Escapes the values in HTML templates.
struct HTMLEscaping: MustacheContentType {
    /// The name of the content type in templates. It replaces the library's own type of that name, which escapes
    /// characters instead of bytes and so misses those with combining marks.
    static let name = "HTML"

    /// The first line of a template whose values are escaped.
    static let pragma: String = {
        MustacheContentTypes.register(HTMLEscaping(), named: name)
        return "{{% CONTENT_TYPE:\(name)}}\n"
    }()

    func escapeText(_ text: String) -> String { escapedForHTML(text) }
}

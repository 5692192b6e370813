import Bytes
import Mustache
import Net
import Platform

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

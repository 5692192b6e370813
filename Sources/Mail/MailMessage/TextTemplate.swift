import Mustache

/// A Mustache template. Behind a tag can be a character that joins the one before it, such as an accent: the parser reads
/// characters and would take both for one, which is not the end of the tag. So a mark is put between them while they are
/// parsed, and taken out of what is rendered.
struct TextTemplate: Sendable {
    private let template: MustacheTemplate
    private let isMarked: Bool

    /// A character for private use (Unicode, section 23.5), which joins no other.
    private static let mark: Unicode.Scalar = "\u{10FFFD}"

    /// - Throws: an error of the parser.
    init(_ text: String) throws {
        let marked = TextTemplate.marked(text)
        isMarked = marked != nil
        template = try MustacheTemplate(string: marked ?? text)
    }

    func render(_ context: [String: Any]) -> String {
        let rendered = template.render(context)
        guard isMarked else { return rendered }
        return String(String.UnicodeScalarView(rendered.unicodeScalars.filter { $0 != TextTemplate.mark }))
    }

    /// The text with a mark behind each `}}` that is not in front of ASCII; `nil` if there is none.
    private static func marked(_ text: String) -> String? {
        var marked = String.UnicodeScalarView()
        var (braces, isChanged) = (0, false)
        for scalar in text.unicodeScalars {
            if braces >= 2, !scalar.isASCII {
                marked.append(mark)
                isChanged = true
            }
            braces = scalar == "}" ? braces + 1 : 0
            marked.append(scalar)
        }
        return isChanged ? String(marked) : nil
    }
}

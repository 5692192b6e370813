/// A text that is the same in many mails but for the link in it, as quoted-printable: lines without the link are
/// encoded once.
struct LinkedText: Sendable {
    /// The link's place in a rendered template. `&` shows whether it is one that is escaped for HTML.
    static let mark = "link-\(UInt64.random(in: .min ... .max))-&"

    private static let markStart = mark.dropLast()

    private enum Part {
        /// Whole lines, encoded.
        case encoded([UInt8])
        /// One line, with its end.
        case line([Piece])
    }

    private enum Piece {
        case text([UInt8])
        case link
        case escapedLink
    }

    private var parts: [Part] = []
    /// Whether the link is in it at all.
    private(set) var holdsLink = false

    /// - Parameter rendered: a template's output with ``mark`` as the link.
    init(_ rendered: String) {
        var plain = ""
        var rest = rendered[...]
        while !rest.isEmpty {
            // With its line end, if it has one.
            let line = rest.prefix(through: rest.firstIndex { $0.isNewline } ?? rest.index(before: rest.endIndex))
            rest = rest[line.endIndex...]
            if line.contains(LinkedText.markStart) {
                appendEncoded(&plain)
                parts.append(.line(LinkedText.pieces(of: line)))
                holdsLink = true
            } else {
                plain += line
            }
        }
        appendEncoded(&plain)
    }

    private mutating func appendEncoded(_ text: inout String) {
        guard !text.isEmpty else { return }
        var encoded: [UInt8] = []
        appendQuotedPrintable(Array(text.utf8), to: &encoded)
        parts.append(.encoded(encoded))
        text = ""
    }

    private static func pieces(of line: Substring) -> [Piece] {
        var pieces: [Piece] = []
        var rest = line
        while let range = rest.firstRange(of: markStart) {
            pieces.append(.text(Array(rest[..<range.lowerBound].utf8)))
            rest = rest[range.upperBound...]
            let isEscaped = rest.hasPrefix("&amp;")
            pieces.append(isEscaped ? .escapedLink : .link)
            rest = rest.dropFirst(isEscaped ? 5 : 1)
        }
        return pieces + [.text(Array(rest.utf8))]
    }

    /// Appends the text with a link in it.
    func append(to output: inout [UInt8], link: String) {
        let link = Array(link.utf8)
        let escapedLink = escapedForHTML(link)
        for part in parts {
            switch part {
            case .encoded(let bytes):
                output += bytes
            case .line(let pieces):
                var line: [UInt8] = []
                for piece in pieces {
                    switch piece {
                    case .text(let text): line += text
                    case .link: line += link
                    case .escapedLink: line += escapedLink
                    }
                }
                appendQuotedPrintable(line, to: &output)
            }
        }
    }
}

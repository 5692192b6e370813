import Bytes
import Net

/// A text, in quoted-printable, that many emails share except for the link and the code in it. Lines without link or
/// code are encoded only once.
struct LinkedText: Sendable {
    /// The placeholder for the link in a rendered template. Its `&` shows whether the template escaped it for HTML.
    static let mark = "link-\(UInt64.random(in: .min ... .max))-&"
    /// The placeholder for the code in a rendered template.
    static let codeMark = "code-\(UInt64.random(in: .min ... .max))-"

    private static let markStart = mark.dropLast()

    private enum Part {
        /// Whole lines, already encoded.
        case encoded([UInt8])
        /// One line with link or code, line end included.
        case line([Piece])
    }

    private enum Piece {
        case text([UInt8])
        case link
        case escapedLink
        case code
    }

    private var parts: [Part] = []
    /// Whether the text contains the link.
    private(set) var holdsLink = false
    /// Whether the text contains the code.
    private(set) var holdsCode = false

    /// - Parameter rendered: a template's output with ``mark`` as the link and ``codeMark`` as the code.
    init(_ rendered: String) {
        var plain = ""
        var rest = rendered[...]
        while !rest.isEmpty {
            // Includes the line end, if there is one.
            let line = rest.prefix(through: rest.firstIndex { $0.isNewline } ?? rest.index(before: rest.endIndex))
            rest = rest[line.endIndex...]
            let hasLink = line.contains(LinkedText.markStart)
            let hasCode = line.contains(LinkedText.codeMark)
            if hasLink || hasCode {
                appendEncoded(&plain)
                parts.append(.line(LinkedText.pieces(of: line)))
                holdsLink = holdsLink || hasLink
                holdsCode = holdsCode || hasCode
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
            pieces += texts(around: codeMark, in: rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
            let isEscaped = rest.hasPrefix("&amp;")
            pieces.append(isEscaped ? .escapedLink : .link)
            rest = rest.dropFirst(isEscaped ? 5 : 1)
        }
        return pieces + texts(around: codeMark, in: rest)
    }

    /// Splits a text that contains no link at each code.
    private static func texts(around codeMark: String, in text: Substring) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text
        while let range = rest.firstRange(of: codeMark) {
            pieces += [.text(Array(rest[..<range.lowerBound].utf8)), .code]
            rest = rest[range.upperBound...]
        }
        return pieces + [.text(Array(rest.utf8))]
    }

    /// Appends the text, encoded, with the given link and code inserted.
    func append(to output: inout [UInt8], link: String, code: String) {
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
                    case .code: line += code.utf8
                    }
                }
                appendQuotedPrintable(line, to: &output)
            }
        }
    }
}

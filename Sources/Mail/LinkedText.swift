/// A text that is the same in many mails but for the link in it, as quoted-printable: lines without the link are encoded once.
struct LinkedText: Sendable {
    /// The link's place in a rendered template. `&` shows whether it is one that is escaped for HTML.
    static let mark = "link-\(UInt64.random(in: .min ... .max))-&"

    private enum Part {
        /// Whole lines, encoded.
        case encoded([UInt8])
        case line([Piece])
    }

    private enum Piece {
        case text(Substring)
        case link
        case escapedLink
    }

    private var parts: [Part] = []
    /// Whether the link is in it at all.
    private(set) var holdsLink = false

    /// - Parameter rendered: a template's output with ``mark`` as the link.
    init(_ rendered: String) {
        var plain = ""
        for line in rendered.split(separator: "\n", omittingEmptySubsequences: false) {
            let pieces = LinkedText.pieces(of: line)
            if pieces.count == 1, case .text = pieces[0] {
                plain += line
                plain += "\n"
            } else {
                appendEncoded(&plain)
                parts.append(.line(pieces))
                holdsLink = true
            }
        }
        // What followed the last line end is no line of its own.
        plain.removeLast(plain.isEmpty ? 0 : 1)
        appendEncoded(&plain)
    }

    private mutating func appendEncoded(_ text: inout String) {
        guard !text.isEmpty else { return }
        var encoded: [UInt8] = []
        appendQuotedPrintable(text, to: &encoded)
        parts.append(.encoded(encoded))
        text = ""
    }

    private static func pieces(of line: Substring) -> [Piece] {
        var pieces: [Piece] = []
        var rest = line
        while let range = rest.firstRange(of: mark.dropLast()) {
            pieces.append(.text(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
            let isEscaped = rest.hasPrefix("&amp;")
            pieces.append(isEscaped ? .escapedLink : .link)
            rest = rest.dropFirst(isEscaped ? 5 : 1)
        }
        return pieces + [.text(rest)]
    }

    /// Appends the text with a link in it.
    func append(to output: inout [UInt8], link: String) {
        for part in parts {
            switch part {
            case .encoded(let bytes):
                output += bytes
            case .line(let pieces):
                var line = ""
                for piece in pieces {
                    switch piece {
                    case .text(let text): line += text
                    case .link: line += link
                    case .escapedLink: line += escapedForHTML(link)
                    }
                }
                appendQuotedPrintable(line + "\n", to: &output)
            }
        }
    }
}

/// A text as it stands in HTML, in an attribute's quotes or out of them.
private func escapedForHTML(_ text: String) -> String {
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

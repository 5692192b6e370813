import Bytes

/// A text, in quoted-printable, that many emails share except for the secrets in its slots, such as a link and a code.
/// Lines without a slot are encoded only once.
struct SlottedText: Sendable {
    private enum Part {
        /// Whole lines, already encoded.
        case encoded([UInt8])
        /// One line with slots, line end included.
        case line([Piece])
    }

    private enum Piece {
        case text([UInt8])
        case slot(Int)
        case escapedSlot(Int)
    }

    /// The start of all placeholders, which no value can contain.
    private static let markStart = "slot-\(UInt64.random(in: .min ... .max))-"

    /// The placeholder for a slot in a rendered template. Its `&` shows whether the template escaped it for HTML.
    /// - Parameter name: ASCII letters and digits.
    static func mark(_ name: String) -> String { "\(markStart)\(name)-&" }

    private var parts: [Part] = []
    private let slots: [String]
    /// The positions of the slots that the text contains.
    private var filled: Set<Int> = []

    /// - Parameters:
    ///   - rendered: a template's output with ``mark(_:)`` in each slot.
    ///   - slots: the names of all slots.
    init(_ rendered: String, slots: [String]) {
        self.slots = slots
        let bytes = Array(rendered.utf8)
        let markStart = Array(SlottedText.markStart.utf8)
        var plain: [UInt8] = []
        var rest = bytes[...]
        // By bytes: a character that joins the one before it may follow a slot.
        while !rest.isEmpty {
            // Includes the line end, if there is one.
            let line = rest.prefix(through: rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex - 1)
            rest = rest[line.endIndex...]
            if line.firstRange(of: markStart) != nil {
                appendEncoded(&plain)
                appendLine(line, markStart)
            } else {
                plain += line
            }
        }
        appendEncoded(&plain)
    }

    /// Whether the text contains a slot.
    func holds(_ slot: String) -> Bool { slots.firstIndex(of: slot).map(filled.contains) ?? false }

    private mutating func appendEncoded(_ text: inout [UInt8]) {
        guard !text.isEmpty else { return }
        var encoded: [UInt8] = []
        appendQuotedPrintable(text, to: &encoded)
        parts.append(.encoded(encoded))
        text = []
    }

    private mutating func appendLine(_ line: ArraySlice<UInt8>, _ markStart: [UInt8]) {
        var pieces: [Piece] = []
        var rest = line
        while let range = rest.firstRange(of: markStart) {
            pieces.append(.text(Array(rest[..<range.lowerBound])))
            rest = rest[range.upperBound...]
            let name = rest.prefix { $0 != UInt8(ascii: "-") }
            rest = rest[name.endIndex...].dropFirst()
            let isEscaped = rest.starts(with: "&amp;".utf8)
            rest = rest.dropFirst(isEscaped ? 5 : 1)
            guard let slot = slots.firstIndex(of: String(decoding: name, as: UTF8.self)) else { continue }
            pieces.append(isEscaped ? .escapedSlot(slot) : .slot(slot))
            filled.insert(slot)
        }
        parts.append(.line(pieces + [.text(Array(rest))]))
    }

    /// Appends the text, encoded, with secrets in its slots.
    /// - Parameter secrets: the secret of each slot, in the order of the slots; an empty text if there is none.
    func append(to output: inout [UInt8], secrets: [String]) {
        precondition(secrets.count == slots.count, "each slot has a secret")
        let escaped = secrets.map { escapedForHTML($0.utf8) }
        for part in parts {
            switch part {
            case .encoded(let bytes):
                output += bytes
            case .line(let pieces):
                var line: [UInt8] = []
                for piece in pieces {
                    switch piece {
                    case .text(let text): line += text
                    case .slot(let slot): line += secrets[slot].utf8
                    case .escapedSlot(let slot): line += escaped[slot]
                    }
                }
                appendQuotedPrintable(line, to: &output)
            }
        }
    }
}

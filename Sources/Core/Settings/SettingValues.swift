import Bytes
import Cryptography
import Platform

/// Parses named keys of 32 bytes: comma-separated `ID:KEY` pairs, each ID once.
package func parseKeys(_ text: String) throws(ParseError) -> [KeyRing.Entry] {
    var entries: [KeyRing.Entry] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard pieces.count == 2, KeyRing.Entry.isName(pieces[0]),
            let key = Secret(base64: String(pieces[1])), key.count == SealingKey.keyByteCount
        else {
            throw ParseError(
                "must be comma-separated ID:KEY pairs: ID is 1 to 16 letters, digits, - or _, and KEY is the base64 "
                    + "of 32 bytes")
        }
        guard !entries.contains(where: { $0.id == pieces[0] }) else {
            throw ParseError("must not contain two keys with the same ID")
        }
        guard !isPattern(key) else {
            throw ParseError("must not contain a KEY of repeated bytes, such as zeros: draw each at random")
        }
        guard !entries.contains(where: { $0.key.matches(key) }) else {
            throw ParseError("must not contain the same KEY twice")
        }
        entries.append(KeyRing.Entry(id: String(pieces[0]), key: key))
    }
    return entries
}

/// Whether a key only repeats its first bytes, at most eight: a placeholder, not a key.
private func isPattern(_ key: Secret) -> Bool {
    key.withUnsafeBytes { key in
        (1...8).contains { length in key.indices.dropFirst(length).allSatisfy { key[$0] == key[$0 - length] } }
    }
}

/// Parses a port number, 0 to 65535.
package func parsePort(_ text: String) throws(ParseError) -> Int {
    try parseNumber(text, in: 0...65_535, "must be a port from 0 to 65535")
}

/// Parses a decimal number without a sign, within a range. `rule` is the rule of the error.
package func parseNumber(_ text: String, in range: ClosedRange<Int>, _ rule: String) throws(ParseError) -> Int {
    guard text.isASCIIDigits, let number = Int(text),
        range.contains(number)
    else { throw ParseError(rule) }
    return number
}

/// Parses a duration within a range. `bounds` names the range in the error, such as `10ms to 30s`.
package func parseDuration(_ text: String, in range: ClosedRange<Duration>, _ bounds: String) throws(ParseError)
    -> Duration
{
    guard let duration = Duration(parsing: text), range.contains(duration) else {
        throw ParseError("must be a duration from \(bounds): a whole number followed by ms, s, m, h or d")
    }
    return duration
}

/// Parses a list of comma-separated entries. Spaces and tabs around an entry are ignored.
package func parseList<Element>(
    _ text: String, _ parse: (String) throws(ParseError) -> Element
) throws(ParseError) -> [Element] {
    var elements: [Element] = []
    for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
        elements.append(try parse(String(entry.trimmingWhitespace())))
    }
    return elements
}

/// Parses `on` (`true`) or `off` (`false`).
package func parseSwitch(_ text: String) throws(ParseError) -> Bool {
    guard text == "on" || text == "off" else { throw ParseError("must be on or off") }
    return text == "on"
}

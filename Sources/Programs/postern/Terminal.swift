import Bytes

/// Prints a line for people. Much of it comes from Redis or from a mail server, so characters that would begin another
/// line, move the cursor, change colors or hide text become spaces.
func show(_ line: String) { print(shown(line)) }

/// The text of a line as ``show(_:)`` prints it.
func shown(_ text: String) -> String { forTerminal(text) }

/// Prints a JSON object. The characters that ``show(_:)`` replaces are escaped (RFC 8259 §7), so programs read what was
/// there.
func show(json: String) {
    guard forTerminal(json) != json else { return print(json) }
    var escaped = ""
    for scalar in json.unicodeScalars {
        let text = String(scalar)
        guard forTerminal(text) != text else {
            escaped += text
            continue
        }
        // All of them are below 0x10000.
        let digits = String(scalar.value, radix: 16)
        escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    print(escaped)
}

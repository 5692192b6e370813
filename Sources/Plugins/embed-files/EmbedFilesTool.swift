import Foundation

/// The program that the plugin EmbedFiles runs while a target is built: writes a Swift file with the texts of other
/// files.
///
/// Usage: `embed-files OUTPUT FOLDER FILE...`, where the files are in the folder.
@main
struct EmbedFilesTool {
    static func main() throws {
        let arguments = CommandLine.arguments
        let (output, folder) = (arguments[1], arguments[2] + "/")
        var code = "/// Files of this target, embedded by the plugin EmbedFiles.\nenum EmbeddedFiles {\n"
        code += "    /// The texts of the files, by their paths in the target's folder.\n"
        code += "    static let all: [String: StaticString] = [\n"
        for path in arguments.dropFirst(3) {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let name = path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path
            // These have a meaning in a raw literal.
            guard !["\"\"\"#", "\\#", "\r"].contains(where: text.contains) else {
                print("\(path): error: cannot be embedded: remove the carriage return, \\# or \"\"\"#")
                exit(1)
            }
            // The last line end belongs to the literal, and not to the text.
            code += "#\"\(name)\"#: #\"\"\"\n\(text)\n\"\"\"#,\n"
        }
        code += arguments.count > 3 ? "    ]\n}\n" : "    :]\n}\n"
        try code.write(toFile: output, atomically: true, encoding: .utf8)
    }
}

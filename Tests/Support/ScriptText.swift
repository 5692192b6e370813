import Foundation
import Redis

/// The Lua files of a module, to compare their first lines with the names that Swift gives.
package struct ScriptText {
    /// The name of the file, without its extension.
    package let name: String
    package let text: String

    /// The Lua files in a folder of the sources that are scripts of their own: those that unpack KEYS.
    package static func scripts(in folder: String) throws -> [ScriptText] {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/\(folder)").standardized
        guard let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil) else {
            return []
        }
        var scripts: [ScriptText] = []
        for case let file as URL in files where file.pathExtension == "lua" {
            let text = try String(contentsOf: file, encoding: .utf8)
            guard text.contains("unpack(KEYS)") else { continue }
            scripts.append(ScriptText(name: file.deletingPathExtension().lastPathComponent, text: text))
        }
        return scripts
    }

    /// The names that the script gives its keys: those before `= unpack(KEYS)`.
    package var keyNames: [String] { names(before: "unpack(KEYS)") }

    /// The names that the script gives its arguments.
    package var argumentNames: [String] { names(before: "unpack(ARGV)") }

    /// The indices in `local first_bucket, first_setting = `; `nil` for a script without buckets.
    package var firstBucketAndSetting: [Int]? {
        guard let range = text.firstRange(of: "local first_bucket, first_setting = ") else { return nil }
        return text[range.upperBound...].prefix { $0 != "\n" }.split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
    }

    private func names(before end: String) -> [String] {
        guard let range = text.firstRange(of: "= \(end)") else { return [] }
        let before = text[..<range.lowerBound]
        guard let start = before.range(of: "local ", options: .backwards) else { return [] }
        return before[start.upperBound...].split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// The names that a comment at the start of the script describes, in order: the first words of its lines.
    package func describedNames() -> (keys: [String], arguments: [String]) {
        var keys: [String] = []
        var arguments: [String] = []
        var isArgument = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("--") else { break }
            guard ["-- KEYS  ", "-- ARGV  ", "--       "].contains(where: { line.hasPrefix($0) }) else { continue }
            if line.hasPrefix("-- ARGV") { isArgument = true }
            let rest = line.dropFirst(9)
            guard !rest.hasPrefix("then"), rest.first != " " else { continue }
            // Names are separated by ", "; two spaces or more follow them.
            let names = (rest.firstRange(of: "  ").map { rest[..<$0.lowerBound] } ?? rest.prefix { $0 != " " })
                .split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            if isArgument { arguments += names } else { keys += names }
        }
        return (keys, arguments)
    }

    /// The differences between scripts in files and those in Swift: in the names of keys and arguments, as the script
    /// unpacks them and as its first lines describe them, and in the places of buckets. One line each; empty if there are
    /// none.
    package static func differences(in files: [ScriptText], from sources: [ScriptSource]) -> [String] {
        var differences: [String] = []
        if files.count != sources.count { differences.append("\(files.count) files, \(sources.count) scripts") }
        for file in files {
            guard let source = sources.first(where: { $0.text.hasSuffix(file.text) }) else {
                differences.append("\(file.name) is not called")
                continue
            }
            let described = file.describedNames()
            for names in [file.keyNames, described.keys] where names != source.keyNames {
                differences.append("\(file.name) has the keys \(names), not \(source.keyNames)")
            }
            for names in [file.argumentNames, described.arguments] where names != source.argumentNames {
                differences.append("\(file.name) has the arguments \(names), not \(source.argumentNames)")
            }
            let places = [source.keyNames.count + 1, source.argumentNames.count + 1]
            if let first = file.firstBucketAndSetting, first != places {
                differences.append("\(file.name) has buckets at \(first), not \(places)")
            }
        }
        return differences
    }
}

import Bytes
import Foundation
import TestSupport
import Testing

@testable import MailMessage

/// A message as Python's email parser reads it: an implementation that shares no code with this module.
struct ParsedMessage {
    private let values: JSONObject

    /// Parses messages with `judge.py`. The results are in the order of the messages.
    static func parse(_ messages: [MailMessage]) async throws -> [ParsedMessage] {
        let folder = try Folder()
        for (number, message) in messages.enumerated() {
            // Names of four digits, because the script reads the files in the order of their names.
            let file = URL(fileURLWithPath: "\(folder.path)/\(1000 + number).eml")
            try Data(message.content).write(to: file)
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("judge.py").path
        let output = try await onOwnThread { try ChildProcess.output("python3", [script, folder.path]) }
        guard case .array(let parsedMessages) = try JSONValue(parsing: Array(output)) else { return [] }
        try #require(parsedMessages.count == messages.count)
        return parsedMessages.compactMap { parsed -> ParsedMessage? in
            guard case .object(let values) = parsed else { return nil }
            return ParsedMessage(values: values)
        }
    }

    func text(_ name: String) -> String? {
        if case .string(let text)? = values[name] { text } else { nil }
    }

    func texts(_ name: String) -> [String]? {
        guard case .array(let values)? = values[name] else { return nil }
        return values.map { value -> String in
            guard case .string(let text) = value else { return "\(value)" }
            return text
        }
    }

    func number(_ name: String) -> Int? {
        if case .number(let number)? = values[name] { Int(number) } else { nil }
    }

    func isTrue(_ name: String) -> Bool { values[name] == .boolean(true) }
}

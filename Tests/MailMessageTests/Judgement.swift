import Bytes
import Foundation
@testable import MailMessage
import TestSupport
import Testing

/// What Python's mail parser makes of a message: a judge that shares no code with what it judges.
struct Judgement {
    private let values: JSONObject

    /// Judges messages by `judge.py`, in their order.
    static func of(_ messages: [MailMessage]) async throws -> [Judgement] {
        let folder = try Folder()
        for (number, message) in messages.enumerated() {
            // Of four digits each, as they are judged in the order of their names.
            let file = URL(fileURLWithPath: "\(folder.path)/\(1000 + number).eml")
            try Data(message.content).write(to: file)
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("judge.py").path
        let output = try await onOwnThread { try ChildProcess.output("python3", [script, folder.path]) }
        guard case .array(let judgements) = try JSONValue(parsing: Array(output)) else { return [] }
        try #require(judgements.count == messages.count)
        return judgements.compactMap { judgement -> Judgement? in
            guard case .object(let values) = judgement else { return nil }
            return Judgement(values: values)
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

    func holds(_ name: String) -> Bool { values[name] == .boolean(true) }
}

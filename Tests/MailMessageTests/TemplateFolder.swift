import Foundation
import TestSupport

@testable import MailMessage

/// A temporary folder of templates, which is removed with its last copy.
struct TemplateFolder {
    private let folder: Folder

    /// - Parameter files: the files' bytes, by path.
    init(_ files: [String: [UInt8]]) throws {
        folder = try Folder()
        for (name, bytes) in files {
            let url = URL(fileURLWithPath: "\(folder.path)/\(name)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
    }

    /// - Parameter files: the files' text, by path.
    init(_ files: [String: String]) throws {
        try self.init(files.mapValues { Array($0.utf8) })
    }

    var path: String { folder.path }

    /// The folder's templates.
    func templates() throws -> MailTemplates { try MailTemplates(folder: folder.path) }

    /// The keys that a file of texts must have.
    static let keys = [
        "direction", "subject", "preview", "heading", "intro", "action", "codeIntro", "codeOnce", "once", "newest",
        "copy", "ignore", "automatic", "minute", "minutes", "hour", "hours",
    ]

    /// The content of a valid file of texts, with the direction `ltr`.
    /// - Parameters:
    ///   - changes: texts by key, escaped for JSON. All other texts equal their keys.
    ///   - missing: a key to leave out.
    static func words(_ changes: [String: String] = [:], without missing: String? = nil) -> String {
        let texts = ["direction": "ltr"].merging(changes) { $1 }
        let members = keys.filter { $0 != missing }.map { "\"\($0)\":\"\(texts[$0] ?? $0)\"" }
        return "{\(members.joined(separator: ","))}"
    }
}

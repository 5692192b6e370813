import Foundation
import TestSupport

@testable import MailMessage

/// A folder of templates, which ends with its owner.
struct TemplateFolder {
    private let folder: Folder

    /// - Parameter files: the files by name.
    init(_ files: [String: [UInt8]]) throws {
        folder = try Folder()
        for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)")) }
    }

    /// - Parameter files: the files by name, as text.
    init(_ files: [String: String]) throws {
        try self.init(files.mapValues { Array($0.utf8) })
    }

    var path: String { folder.path }

    /// The folder's templates.
    func templates() throws -> MailTemplates { try MailTemplates(folder: folder.path) }

    /// Every text that a file of words must have.
    static let keys = [
        "direction", "subject", "preview", "heading", "intro", "action", "codeIntro", "codeOnce", "once", "newest",
        "copy",
        "ignore", "automatic", "minute", "minutes", "hour", "hours",
    ]

    /// A whole file of words, from left to right.
    /// - Parameter changes: the texts of some keys, as they stand between quotes in JSON; the others are their keys.
    static func words(_ changes: [String: String] = [:], without missing: String? = nil) -> String {
        let texts = ["direction": "ltr"].merging(changes) { $1 }
        let members = keys.filter { $0 != missing }.map { "\"\($0)\":\"\(texts[$0] ?? $0)\"" }
        return "{\(members.joined(separator: ","))}"
    }
}

import Bytes
import Foundation
import Net

/// The files of email templates: those that are built in, and those in an optional folder, which replace them or add
/// languages.
///
/// Each template has a folder of its name with the files `layout.html.mustache`, `layout.txt.mustache`, and
/// `<language tag>.json` for each language.
struct TemplateFiles {
    /// A file and its name, as errors give it.
    struct File {
        let name: String
        let bytes: [UInt8]
    }

    private static let builtIn = EmbeddedFiles.all
    /// The only template that there was when files lay in the folder itself. They are still read there.
    private static let earliest = "sign-in"

    private let folder: String?

    /// - Throws: ``TemplateError`` if the folder cannot be read. Without this check, a wrong path would silently select
    ///   the built-in files.
    init(folder: String?) throws(TemplateError) {
        self.folder = folder
        guard let folder else { return }
        guard (try? FileManager.default.contentsOfDirectory(atPath: folder)) != nil else {
            throw TemplateError(file: folder, reason: .notAFolder)
        }
    }

    /// Returns a layout.
    /// - Parameter kind: `html` or `txt`.
    /// - Throws: ``TemplateError`` if the file cannot be read.
    func layout(_ kind: String, of template: String) throws(TemplateError) -> File {
        try file("layout.\(kind).mustache", before: "\(template).\(kind).mustache", of: template)
    }

    /// Returns the files of texts, by language.
    /// - Throws: ``TemplateError`` if a file cannot be read, its name is not a language tag, or two names are the same
    ///   tag.
    func words(of template: String) throws(TemplateError) -> [Language: File] {
        var names: [Language: String] = [:]
        for language in TemplateFiles.builtInLanguages(of: template) { names[language] = "\(language.tag).json" }
        for name in try ownFiles(of: template) where name.hasSuffix(".json") {
            guard let language = try? Language(parsing: String(name.dropLast(5))) else {
                throw TemplateError(file: "\(template)/\(name)", reason: .notALanguage)
            }
            if let other = names[language], other != name,
                TemplateFiles.builtIn[TemplateFiles.path(other, template)] == nil
            {
                throw TemplateError(file: "\(template)/\(name)", reason: .sameLanguage(as: other))
            }
            names[language] = name
        }
        var files: [Language: File] = [:]
        for (language, name) in names { files[language] = try file(name, before: name, of: template) }
        return files
    }

    /// Returns the languages of a built-in template, in the order of their tags.
    static func builtInLanguages(of template: String) -> [Language] {
        let start = path("", template)
        let names = builtIn.keys.filter { $0.hasPrefix(start) && $0.hasSuffix(".json") }
        return names.sorted().map { name in
            let tag = name.dropFirst(start.count).dropLast(".json".count)
            return try! Language(parsing: String(tag))  // The name of a built-in file. The tests read each of them.
        }
    }

    /// Returns the keys of a template's texts: those of its built-in English texts, in their order.
    static func keys(of template: String) -> [String] {
        guard let text = builtIn[path("en.json", template)],
            case .object(let members)? = try? JSONValue(parsing: text.withUTF8Buffer(Array.init))
        else { preconditionFailure("every template has built-in English texts, which the tests read") }
        return members.members.map(\.name)
    }

    // MARK: - Places

    /// The path of a built-in file.
    private static func path(_ name: String, _ template: String) -> String { "Templates/\(template)/\(name)" }

    /// Returns the file in the template's folder, or else the one at its earlier place, or else the built-in one.
    private func file(_ name: String, before earlier: String, of template: String) throws(TemplateError) -> File {
        let place = "\(template)/\(name)"
        if let bytes = try ownBytes(place) { return File(name: place, bytes: bytes) }
        let builtIn = TemplateFiles.builtIn[TemplateFiles.path(name, template)]
        // Other files in the folder itself are not templates.
        if template == TemplateFiles.earliest, builtIn != nil, let bytes = try ownBytes(earlier) {
            return File(name: earlier, bytes: bytes)
        }
        guard let builtIn else { throw TemplateError(file: place, reason: .unreadable) }
        return File(name: place, bytes: builtIn.withUTF8Buffer(Array.init))
    }

    /// Returns the names of the files in the operator's folder of a template, sorted; none if there is no such folder.
    /// Files of editors and of Kubernetes, whose names start with a dot, are left out.
    private func ownFiles(of template: String) throws(TemplateError) -> [String] {
        guard let folder, FileManager.default.fileExists(atPath: "\(folder)/\(template)") else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(template)")
                .filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw TemplateError(file: "\(folder)/\(template)", reason: .notAFolder)
        }
    }

    /// Returns the content of a file in the operator's folder; `nil` if there is no such file.
    private func ownBytes(_ name: String) throws(TemplateError) -> [UInt8]? {
        guard let folder else { return nil }
        let path = "\(folder)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TemplateError(file: path, reason: .unreadable)
        }
        return Array(data)
    }
}

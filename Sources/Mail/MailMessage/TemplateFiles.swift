import Bytes
import Foundation
import MailQueue
import Net

/// The files of email templates: those that are built in, and those in an optional folder, which replace them or add
/// languages.
///
/// Each template has a folder of its name with the file `layout.values.json`, which declares its values, and
/// `<language tag>.json` for each language. It can have `layout.html.mustache` and `layout.txt.mustache`; the layouts
/// next to the folder are for all templates without their own.
struct TemplateFiles {
    /// A file and its name, as errors give it.
    struct File {
        let name: String
        let bytes: [UInt8]

        /// Parses the file.
        /// - Throws: ``TemplateError`` with the file's name and the reason that `parse` throws.
        func read<Value>(
            _ parse: ([UInt8]) throws(TemplateError.Reason) -> Value
        ) throws(TemplateError) -> Value {
            do throws(TemplateError.Reason) {
                return try parse(bytes)
            } catch {
                throw TemplateError(file: name, reason: error)
            }
        }
    }

    private static let builtIn = EmbeddedFiles.all
    /// The only template that there was when files lay in the folder itself. They are still read there.
    private static let earliest = "sign-in"
    /// The file that declares a template's values. Its name is not a language tag.
    private static let declarations = "layout.values.json"

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

    /// Returns the names of all templates, sorted: the folders that declare values.
    /// - Throws: ``TemplateError`` if the folder cannot be read.
    func templateNames() throws(TemplateError) -> [String] {
        var names = Set(TemplateFiles.builtIn.keys.compactMap(TemplateFiles.template(declaredBy:)))
        if let folder {
            let entries = try? FileManager.default.contentsOfDirectory(atPath: folder)
            for name in entries ?? [] where MailJob.isTemplateName(name) {
                if try ownBytes("\(name)/\(TemplateFiles.declarations)") != nil { names.insert(name) }
            }
        }
        return names.sorted()
    }

    /// Returns a layout: the template's, or else the one of all templates.
    /// - Parameter kind: `html` or `txt`.
    /// - Throws: ``TemplateError`` if the file cannot be read.
    func layout(_ kind: String, of template: String) throws(TemplateError) -> File {
        let name = "layout.\(kind).mustache"
        if let file = try ownFile(name, before: "\(template).\(kind).mustache", of: template) { return file }
        if let file = TemplateFiles.builtInFile("\(template)/\(name)") { return file }
        if let bytes = try ownBytes(name) { return File(name: name, bytes: bytes) }
        guard let file = TemplateFiles.builtInFile(name) else { throw TemplateError(file: name, reason: .unreadable) }
        return file
    }

    /// Returns the file that declares a template's values.
    /// - Throws: ``TemplateError`` if the file cannot be read.
    func values(of template: String) throws(TemplateError) -> File {
        try file(TemplateFiles.declarations, of: template)
    }

    /// Returns the files of texts, by language.
    /// - Throws: ``TemplateError`` if a file cannot be read, its name is not a language tag, or two names are the same
    ///   tag.
    func words(of template: String) throws(TemplateError) -> [Language: File] {
        var names: [Language: String] = [:]
        for language in TemplateFiles.builtInLanguages(of: template) { names[language] = "\(language.tag).json" }
        for name in try ownFiles(of: template) where name.hasSuffix(".json") && name != TemplateFiles.declarations {
            guard let language = try? Language(parsing: String(name.dropLast(5))) else {
                throw TemplateError(file: "\(template)/\(name)", reason: .notALanguage)
            }
            if let other = names[language], other != name,
                TemplateFiles.builtIn[TemplateFiles.path("\(template)/\(other)")] == nil
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
        let start = path("\(template)/")
        let names = builtIn.keys.filter { $0.hasPrefix(start) && $0.hasSuffix(".json") && !$0.hasSuffix(declarations) }
        return names.sorted().map { name in
            let tag = name.dropFirst(start.count).dropLast(".json".count)
            return try! Language(parsing: String(tag))  // The name of a built-in file. The tests read each of them.
        }
    }

    /// Returns the keys of a template's texts, in their order: those of its built-in English texts, or of the operator's
    /// if the template is not built in.
    /// - Throws: ``TemplateError`` if there are no English texts.
    func keys(of template: String) throws(TemplateError) -> [String] {
        let english = "\(template)/en.json"
        let file =
            if let builtIn = TemplateFiles.builtInFile(english) { builtIn } else { try file("en.json", of: template) }
        return try file.read(JSONObject.init(template:)).members.map(\.name)
    }

    // MARK: - Places

    /// The path of a built-in file.
    private static func path(_ name: String) -> String { "Templates/\(name)" }

    /// Returns the name of the template whose declarations a built-in path is, or `nil` if it is another file.
    private static func template(declaredBy path: String) -> String? {
        let parts = path.split(separator: "/")
        return parts.count == 3 && parts[2] == declarations ? String(parts[1]) : nil
    }

    private static func builtInFile(_ name: String) -> File? {
        builtIn[path(name)].map { File(name: name, bytes: $0.withUTF8Buffer(Array.init)) }
    }

    /// Returns the file in the operator's folder of a template, or else the one at its earlier place, or else the
    /// built-in one.
    /// - Parameter earlier: its name at its earlier place, if it had one.
    private func file(
        _ name: String, before earlier: String? = nil, of template: String
    ) throws(TemplateError) -> File {
        if let file = try ownFile(name, before: earlier, of: template) { return file }
        let place = "\(template)/\(name)"
        guard let file = TemplateFiles.builtInFile(place) else { throw TemplateError(file: place, reason: .unreadable) }
        return file
    }

    /// Returns the file in the operator's folder of a template, or else the one at its earlier place; `nil` if there is
    /// neither.
    private func ownFile(
        _ name: String, before earlier: String?, of template: String
    ) throws(TemplateError) -> File? {
        let place = "\(template)/\(name)"
        if let bytes = try ownBytes(place) { return File(name: place, bytes: bytes) }
        // Other files in the folder itself are not templates.
        let isBuiltIn = TemplateFiles.builtIn[TemplateFiles.path(place)] != nil || name.hasSuffix(".mustache")
        if template == TemplateFiles.earliest, isBuiltIn, let earlier, let bytes = try ownBytes(earlier) {
            return File(name: earlier, bytes: bytes)
        }
        return nil
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
        // A byte order mark, which some editors write, is not part of the text.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return Array(data.starts(with: mark) ? data.dropFirst(mark.count) : data)
    }
}

import Foundation
import Mustache

/// An error for a template that is not usable. It names the file and the reason.
package struct TemplateError: Error, Equatable, CustomStringConvertible {
    enum Reason: Error, Equatable {
        case notAFolder
        case unreadable
        case notUTF8
        case notJSON(String)
        case missingText(key: String)
        case wrongDirection
        case notMustache(String)
        case missingLink
        case missingCode
    }

    let file: String
    let reason: Reason

    package var description: String {
        switch reason {
        case .notAFolder: "\(file) is not a readable folder"
        case .unreadable: "\(file) cannot be read"
        case .notUTF8: "\(file) is not UTF-8"
        case .notJSON(let detail): "\(file) is not a JSON object of strings: check \(detail)"
        case .missingText(let key): "\(file) has no text for \"\(key)\""
        case .wrongDirection: "\(file) has a \"direction\" other than ltr or rtl"
        case .missingLink: "\(file) has no {{link}}"
        case .missingCode: "\(file) has no {{#code}} section that contains {{code}}"
        case .notMustache(let detail): "\(file) is not a Mustache template: \(detail)"
        }
    }
}

/// The built-in template files, and an optional folder whose files replace them.
struct TemplateFiles {
    let folder: String?

    /// - Throws: ``TemplateError`` if the folder cannot be read. Without this check, a wrong path would silently select
    ///   the built-in files.
    init(folder: String?) throws(TemplateError) {
        self.folder = folder
        guard let folder else { return }
        guard (try? FileManager.default.contentsOfDirectory(atPath: folder)) != nil else {
            throw TemplateError(file: folder, reason: .notAFolder)
        }
    }

    /// Reads a layout.
    /// - Parameters:
    ///   - builtIn: the content to use if the folder has no such file.
    ///   - start: text to insert before the content.
    /// - Throws: ``TemplateError`` if the file cannot be read, or is not UTF-8 or not a Mustache template.
    func template(
        _ name: String, _ builtIn: [UInt8], startingWith start: String
    ) throws(TemplateError) -> MustacheTemplate {
        guard let text = String(validating: try bytes(name, builtIn), as: UTF8.self) else {
            throw TemplateError(file: name, reason: .notUTF8)
        }
        do {
            return try MustacheTemplate(string: start + text)
        } catch {
            throw TemplateError(file: name, reason: .notMustache("\(error)"))
        }
    }

    /// Reads the texts of a language.
    /// - Throws: ``TemplateError`` if the file cannot be read, or its content is not usable.
    func words(_ name: String, _ builtIn: [UInt8]) throws(TemplateError) -> MailWords {
        let bytes = try bytes(name, builtIn)
        do throws(TemplateError.Reason) {
            return try MailWords(parsing: bytes)
        } catch {
            throw TemplateError(file: name, reason: error)
        }
    }

    private func bytes(_ name: String, _ builtIn: [UInt8]) throws(TemplateError) -> [UInt8] {
        guard let folder else { return builtIn }
        let path = "\(folder)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { return builtIn }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TemplateError(file: path, reason: .unreadable)
        }
        return Array(data)
    }
}

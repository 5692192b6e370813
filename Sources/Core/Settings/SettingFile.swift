import Bytes
import Platform

extension Environment {
    /// The settings that hold secrets. Each can be in a file, which the variable with `_FILE` at its end names: a mounted
    /// secret, or a credential of systemd.
    package static let secretNames: Set<String> = [
        "POSTERN_SECRET_KEYS", "POSTERN_SIGNING_KEYS", "POSTERN_API_KEYS", "POSTERN_MAIL_URL", "REDIS_URL",
    ]

    /// The text of a setting: the variable's, or that of its file; `nil` if it is not set or empty.
    /// - Throws: ``SettingError`` if both are set, or if the file cannot be read, is longer than 64 KiB, or is not UTF-8.
    func text(of name: String) throws(SettingError) -> String? {
        guard Environment.secretNames.contains(name), let path = self[name + "_FILE"] else { return self[name] }
        guard self[name] == nil else {
            throw SettingError(
                name: name + "_FILE", rule: "must not be set together with \(name)", example: "/run/secrets/postern")
        }
        do {
            return try SettingFile.text(at: path)
        } catch {
            throw SettingError(name: name + "_FILE", rule: error.rule, example: "/run/secrets/postern")
        }
    }
}

/// A file that holds the value of one setting.
private enum SettingFile {
    private static let maximumByteCount = 65_536

    /// The text of a file, without the line end at its end. A file of nothing else is not a setting that was left out.
    static func text(at path: String) throws(ParseError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ParseError("must name a file that can be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumByteCount + 1)
        var count = 0
        while count < bytes.count {
            let readCount = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress! + count, $0.count - count)  // The buffer is not empty.
            }
            if readCount < 0, errno == EINTR { continue }
            guard readCount >= 0 else {
                throw ParseError("must name a file that can be read: \(String(cString: strerror(errno)))")
            }
            if readCount == 0 { break }
            count += readCount
        }
        guard count <= maximumByteCount else { throw ParseError("must name a file of at most 64 KiB") }
        var text = bytes[..<count]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        guard !text.isEmpty else { throw ParseError("must name a file that is not empty") }
        guard let text = String(validating: text, as: UTF8.self) else { throw ParseError("must name a file in UTF-8") }
        return text
    }
}

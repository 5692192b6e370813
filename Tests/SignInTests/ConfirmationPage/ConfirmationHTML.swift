import SignIn
import Web

/// A page of HTML, read byte by byte: as in a browser, a tag is everything between a `<` and the next `>`.
struct ConfirmationHTML {
    struct Attribute {
        let name: String
        let value: String
    }

    let text: String

    init(_ text: String) {
        self.text = text
    }

    init(_ response: Response) {
        self.init(response.text)
    }

    /// All tags without their brackets, in their order.
    var tags: [String] {
        text.utf8.split(separator: UInt8(ascii: "<"), omittingEmptySubsequences: false).dropFirst().map { piece in
            String(decoding: piece.prefix { $0 != UInt8(ascii: ">") }, as: UTF8.self)
        }
    }

    /// The names of the elements that start, in their order.
    var elements: [String] {
        tags.filter { !$0.hasPrefix("/") }.map { tag in String(tag.prefix { $0 != " " }) }
    }

    /// The names of the elements that end, in their order.
    var ends: [String] {
        tags.filter { $0.hasPrefix("/") }.map { String($0.dropFirst()) }
    }

    /// The attributes of all elements, in their order.
    var attributes: [Attribute] {
        var attributes: [Attribute] = []
        for tag in tags {
            // Each value is in double quotes, and follows its name and an equals sign.
            let pieces = tag.split(separator: "\"", omittingEmptySubsequences: false)
            for index in stride(from: 0, to: pieces.count - 1, by: 2) {
                let name = pieces[index].split(separator: " ").last?.dropLast() ?? ""
                attributes.append(Attribute(name: String(name), value: String(pieces[index + 1])))
            }
        }
        return attributes
    }

    /// The values of all attributes of that name.
    func values(of name: String) -> [String] {
        attributes.filter { $0.name == name }.map { $0.value }
    }

    /// The content between the first start tag and the first end tag of an element; `nil` if it is missing.
    func content(of element: String) -> String? {
        guard let start = text.firstRange(of: "<\(element)"), let end = text.firstRange(of: "</\(element)>"),
            start.upperBound <= end.lowerBound
        else { return nil }
        let inner = text[start.upperBound..<end.lowerBound]
        guard let bracket = inner.utf8.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        return String(decoding: inner.utf8[bracket...].dropFirst(), as: UTF8.self)
    }

    /// An escaped text without its escapes.
    static func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first {
            let escape = escapes.first { rest.starts(with: $0.name.utf8) }
            bytes.append(escape?.byte ?? byte)
            rest = rest.dropFirst(escape?.name.utf8.count ?? 1)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let escapes: [(name: String, byte: UInt8)] = [
        ("&amp;", UInt8(ascii: "&")), ("&lt;", UInt8(ascii: "<")), ("&gt;", UInt8(ascii: ">")),
        ("&quot;", UInt8(ascii: "\"")), ("&#39;", UInt8(ascii: "'")),
    ]
}

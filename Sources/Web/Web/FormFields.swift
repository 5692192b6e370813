import Bytes

/// The fields of a form, parsed from a query or a body (`application/x-www-form-urlencoded`, WHATWG URL §5.1).
package struct FormFields: Sendable {
    /// The number of fields that are read; further ones are ignored.
    private static let maximumCount = 32

    private var values: [String: [String]] = [:]

    /// Parses a form. A field without `=` has an empty value; invalid percent escapes are kept as they are.
    package init(parsing bytes: [UInt8]) {
        for pair in bytes.split(separator: UInt8(ascii: "&"), maxSplits: FormFields.maximumCount)
            .prefix(FormFields.maximumCount)
        {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            values[FormFields.text(parts[0]), default: []].append(parts.count == 2 ? FormFields.text(parts[1]) : "")
        }
    }

    /// The value of a field; `nil` if the field is missing or repeated, which is ambiguous.
    package subscript(name: String) -> String? {
        guard let found = values[name], found.count == 1 else { return nil }
        return found[0]
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let spaced = bytes.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return String(decoding: percentDecoded(spaced), as: UTF8.self)
    }
}

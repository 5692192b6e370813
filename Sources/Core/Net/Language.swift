import Bytes

/// A language of emails and of the confirmation page.
package enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case german = "de"
    case spanish = "es"
    case french = "fr"
    case korean = "ko"
    case japanese = "ja"

    /// The maximum number of language ranges that are read from a request.
    private static let maximumRangeCount = 32

    /// The language that a person prefers among these, by the `Accept-Language` of their request (RFC 9110 §12.5.4);
    /// English if the field is missing or names no supported language.
    ///
    /// A range counts as its primary language: `de-AT` selects German (RFC 4647 §3.4). Malformed items are ignored, one
    /// by one.
    /// - Parameter acceptLanguage: the field's value; `nil` if it is missing.
    package init(preferredBy acceptLanguage: String?) {
        var best: (language: Language, weight: Int)?
        let ranges = (acceptLanguage ?? "").split(separator: ",").prefix(Language.maximumRangeCount)
        for range in ranges {
            let parts = range.split(separator: ";", omittingEmptySubsequences: false)
            guard let tag = parts.first, let language = Language(range: tag.trimmingWhitespace()),
                let weight = parts.count == 1 ? 1000 : parts.count == 2 ? Language.weight(parts[1]) : nil
            else { continue }
            // The first of several equal weights wins, and a weight of 0 never does.
            if weight > best?.weight ?? 0 { best = (language, weight) }
        }
        self = best?.language ?? .english
    }

    /// The language of a range such as `fr` or `fr-CA`, and English for `*`, which is any language; `nil` if it is not
    /// supported.
    private init?(range: Substring) {
        if range == "*" {
            self = .english
        } else {
            let primary = range.utf8.prefix { $0 != UInt8(ascii: "-") }.map(\.asciiLowercased)
            self.init(rawValue: String(decoding: primary, as: UTF8.self))
        }
    }

    /// A weight such as `q=0.8`, in thousandths (RFC 9110 §12.4.2); `nil` if it is malformed.
    private static func weight(_ text: Substring) -> Int? {
        let digits = text.trimmingWhitespace().utf8
        guard digits.count >= 3, digits.count <= 7, digits.starts(with: "q=".utf8) || digits.starts(with: "Q=".utf8)
        else {
            return nil
        }
        let number = Array(digits.dropFirst(2))
        guard number[0] == UInt8(ascii: "0") || number[0] == UInt8(ascii: "1"),
            number.count == 1 || number[1] == UInt8(ascii: ".")
        else { return nil }
        var thousandths = Int(number[0] - UInt8(ascii: "0")) * 1000
        for (digit, worth) in zip(number.dropFirst(2), [100, 10, 1]) {
            guard digit.isASCIIDigit else { return nil }
            thousandths += Int(digit - UInt8(ascii: "0")) * worth
        }
        return thousandths <= 1000 ? thousandths : nil
    }
}

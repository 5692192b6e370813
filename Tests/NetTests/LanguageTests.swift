import Net
import Testing

@Suite
struct LanguageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String?
        let language: Language
        var testDescription: String { text ?? "none" }

        init(_ text: String?, _ language: Language) {
            self.text = text
            self.language = language
        }
    }

    static let plain = [
        Case(nil, .english), Case("", .english), Case("en", .english), Case("de", .german), Case("es", .spanish),
        Case("fr", .french), Case("ko", .korean), Case("ja", .japanese),
    ]

    static let regions = [
        Case("de-AT", .german), Case("de-CH-1996", .german), Case("en-GB", .english), Case("fr-CA", .french),
        Case("es-419", .spanish), Case("ja-Jpan-JP", .japanese), Case("ko-KR", .korean), Case("de-x-private", .german),
        Case("DE", .german), Case("De-at", .german), Case("JA-JP", .japanese),
        // Other languages whose tags start with the same letters.
        Case("deu", .english), Case("den", .english), Case("fry", .english), Case("kok", .english),
        Case("jav", .english), Case("est", .english), Case("d", .english), Case("x-de", .english),
        Case("i-de", .english),
    ]

    static let others = [
        Case("zh", .english), Case("zh-Hans-CN,zh;q=0.9", .english), Case("tlh, zh, de;q=0.1", .german),
        Case("pt-BR,pt;q=0.9,es;q=0.8", .spanish),
    ]

    /// RFC 9110 §12.4.2: a weight is 0 to 1 with up to three digits; it is 1 if missing, and 0 means not acceptable.
    static let weights = [
        Case("de,fr", .german), Case("fr,de", .french), Case("de;q=0.8,fr", .french),
        Case("de;q=0.8,fr;q=0.9", .french), Case("de;q=0.9,fr;q=0.8", .german), Case("de;q=0.5,fr;q=0.5", .german),
        Case("fr;q=0.5,de;q=0.50", .french),
        Case("de;q=0.001,zh", .german), Case("de;q=0.123,fr;q=0.124", .french), Case("de;q=0.12,fr;q=0.119", .german),
        Case("de;q=1,fr", .german), Case("de;q=1.000,fr", .german), Case("de;q=1.,fr", .german),
        Case("de;q=0.999,fr;q=1.0", .french), Case("de;q=0.,fr;q=0.001", .french), Case("de;Q=0.5,fr;Q=0.6", .french),
        Case("de;q=0", .english), Case("de;q=0.0", .english), Case("de;q=0.000,fr;q=0.001", .french),
        Case("en;q=0,de;q=0.1", .german), Case("en-US,en;q=0.9,de;q=0.8", .english),
        Case("de-AT;q=0.1,de;q=0.9,fr;q=0.5", .german), Case("da, en-GB;q=0.8, de;q=0.7", .english),
    ]

    /// `*` accepts any language and counts as English.
    static let wildcards = [
        Case("*", .english), Case("*;q=0.5", .english), Case("de,*;q=0.5", .german), Case("*;q=0.5,de", .german),
        Case("*,de", .english), Case("de,*", .german), Case("de;q=0.5,*", .english), Case("zh,*;q=0.1", .english),
        Case("*-DE", .english), Case("fr;q=0,*;q=0.5", .english),
    ]

    static let spaces = [
        Case(" de ", .german), Case("\tde\t", .german), Case("zh ,\t fr ;\t q=0.5 , de ; q=0.6", .german),
        Case(" , ,,de,,", .german), Case(",", .english), Case("   ", .english), Case(", ,\t,", .english),
    ]

    /// Items that are malformed.
    static let malformed = [
        "de;q=", "de;q", "de;", "de;;", "de;0.5", "de;q=.5", "de;q=2", "de;q=1.1", "de;q=1.001", "de;q=0.1234",
        "de;q=-0.5", "de;q=+0.5", "de;q=00.5", "de;q=0,5", "de;q=0.5.1", "de;q=0x1", "de;q=1e0", "de;q=0.5a", "de;q=a",
        "de;q =0.5", "de;q= 0.5", "de;q=\"0.5\"", "de;x=0.5", "de;qq=0.5", "de;level=1", "de;q=0.5;q=0.6", "de;q=0.5;",
        "de;q=٠.٥", "de;q=0.５", "d e", "de fr", "de_AT", "de.AT", "de/fr", "\"de\"", "de\0", "\u{FEFF}de", "ｄｅ",
        "de\u{301}", "de\u{200D}", "\u{212A}o", "-", "-de", ";q=0.5", "=", "**",
    ]

    private func expect(_ expected: Case, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(Language(preferredBy: expected.text) == expected.language, sourceLocation: sourceLocation)
    }

    @Test("each language has its tag, and English is the default", arguments: LanguageTests.plain)
    func tag(expected: Case) { expect(expected) }

    @Test("a tag with a region or script selects its language", arguments: LanguageTests.regions)
    func region(expected: Case) { expect(expected) }

    @Test("unsupported languages are ignored", arguments: LanguageTests.others)
    func other(expected: Case) { expect(expected) }

    @Test(
        "the greatest weight wins, or the first of equal ones, and a weight of 0 never does",
        arguments: LanguageTests.weights)
    func weight(expected: Case) { expect(expected) }

    @Test("a wildcard selects English", arguments: LanguageTests.wildcards)
    func wildcard(expected: Case) { expect(expected) }

    @Test("spaces around items are ignored, and so are empty items", arguments: LanguageTests.spaces)
    func space(expected: Case) { expect(expected) }

    @Test("a malformed item is ignored, and the items next to it are not", arguments: LanguageTests.malformed)
    func damaged(text: String) {
        #expect(Language(preferredBy: text) == .english)
        #expect(Language(preferredBy: "\(text), fr;q=0.1") == .french)
        #expect(Language(preferredBy: "ja;q=0.2, \(text), fr;q=0.1") == .japanese)
    }

    @Test("a truncated field is read as far as its items are complete")
    func beginnings() {
        // `zh, d` and less; `zh, de`; a weight that is incomplete or 0. The whole field follows below.
        let expected = [Language](repeating: .english, count: 6) + [.german] + [Language](repeating: .english, count: 5)
        let text = "zh, de;q=0.5"
        for (length, language) in expected.enumerated() {
            #expect(Language(preferredBy: String(text.prefix(length))) == language, "\(length)")
        }
        #expect(Language(preferredBy: text) == .german)
    }

    @Test("only the first 32 ranges are read")
    func bound() {
        let others = [String](repeating: "zh", count: 31)
        #expect(Language(preferredBy: (others + ["de"]).joined(separator: ",")) == .german)
        #expect(Language(preferredBy: (others + ["zh", "de"]).joined(separator: ",")) == .english)
        #expect(Language(preferredBy: (["fr;q=0.1"] + others + ["de"]).joined(separator: ",")) == .french)
    }

    @Test("a very long field is read quickly")
    func long() {
        let texts = [
            "de," + String(repeating: "zh,", count: 300_000), "de," + String(repeating: ",", count: 1_000_000),
            "de," + String(repeating: "z", count: 1_000_000), "de," + String(repeating: " ", count: 1_000_000),
            "de,fr;" + String(repeating: ";", count: 1_000_000),
            "de,fr;q=0." + String(repeating: "9", count: 1_000_000),
        ]
        let start = ContinuousClock.now
        for text in texts { #expect(Language(preferredBy: text) == .german) }
        #expect(ContinuousClock.now - start < .seconds(30))
    }
}

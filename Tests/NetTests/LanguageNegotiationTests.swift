import Net
import TestSupport
import Testing

@Suite
struct LanguageNegotiationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String?
        let tag: String
        var testDescription: String { text ?? "none" }

        init(_ text: String?, _ tag: String) {
            self.text = text
            self.tag = tag
        }
    }

    static let languages = LanguageNegotiation(among: ["de", "en", "es", "fr", "he", "ja", "ko", "zh-Hans", "zh-Hant"])

    private func expect(
        _ expected: Case, among languages: LanguageNegotiation = LanguageNegotiationTests.languages,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(languages.language(preferredBy: expected.text).tag == expected.tag, sourceLocation: sourceLocation)
    }

    static let plain = [
        Case(nil, "en"), Case("", "en"), Case("en", "en"), Case("de", "de"), Case("es", "es"), Case("fr", "fr"),
        Case("ko", "ko"), Case("ja", "ja"), Case("en-US,en;q=0.9", "en"), Case("zh-Hant", "zh-Hant"),
        // RFC 9110 §12.5.4.
        Case("da, en-gb;q=0.8, en;q=0.7", "en"),
    ]

    @Test("each available language is selected by its tag, and English is the default", arguments: plain)
    func tag(expected: Case) { expect(expected) }

    static let regions = [
        Case("de-AT", "de"), Case("de-CH-1996", "de"), Case("en-GB", "en"), Case("fr-CA", "fr"), Case("es-419", "es"),
        Case("ja-Jpan-JP", "ja"), Case("ko-KR", "ko"), Case("de-x-private", "de"), Case("DE", "de"),
        Case("De-at", "de"), Case("JA-JP", "ja"), Case("de_DE", "de"), Case("DE_at, fr", "de"),
        Case("zh_HANT_tw", "zh-Hant"),
        // Other languages whose tags start with the same letters.
        Case("deu", "en"), Case("den", "en"), Case("fry", "en"), Case("kok", "en"), Case("jav", "en"),
        Case("est", "en"), Case("d", "en"), Case("x-de", "en"), Case("i-de", "en"),
        // Longer than a tag can be.
        Case("de-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee", "de"),
    ]

    @Test("a range is shortened from its end until a language matches (RFC 4647 §3.4)", arguments: regions)
    func region(expected: Case) { expect(expected) }

    /// The example of RFC 4647 §3.4: the ranges that `zh-Hant-CN-x-private1-private2` is shortened to, and those that
    /// leave out a single letter without what follows it.
    static let shortened = [
        ("zh-Hant-CN-x-private1-private2", true), ("zh-Hant-CN-x-private1", true), ("zh-Hant-CN", true),
        ("zh-Hant", true), ("zh", true), ("zh-CN", false), ("zh-x-private1", false), ("x-private1", false),
        ("zh-Hant-CN-x-private2", false),
    ]

    @Test("the ranges that a range is shortened to are those of RFC 4647", arguments: shortened)
    func shortening(tag: String, isFound: Bool) throws {
        let language = try Language(parsing: tag)
        let languages = LanguageNegotiation(among: [language])
        let range = "zh-Hant-CN-x-private1-private2"
        #expect(languages.language(preferredBy: range) == (isFound ? language : .english))
        #expect(languages.lookup(try Language(parsing: range)) == (isFound ? language : nil))
    }

    @Test("the language that is closest to a range is selected, and a language never stands for another region")
    func closest() {
        let languages = LanguageNegotiation(among: ["de", "de-AT", "pt-BR", "sr-Latn"])
        for (text, tag) in [
            ("de-AT", "de-AT"), ("de-AT-1996", "de-AT"), ("de-CH", "de"), ("de", "de"), ("pt-BR", "pt-BR"),
            ("pt", "en"),
            ("pt-PT", "en"), ("pt-PT, de", "de"), ("sr-Latn-RS", "sr-Latn"), ("sr", "en"), ("sr-Cyrl", "en"),
        ] {
            expect(Case(text, tag), among: languages)
        }
    }

    static let equivalents = [
        Case("zh", "zh-Hans"), Case("zh-CN", "zh-Hans"), Case("zh-SG", "zh-Hans"), Case("zh-Hans-CN", "zh-Hans"),
        Case("zh-Hans-HK", "zh-Hans"), Case("zh-TW", "zh-Hant"), Case("zh-HK", "zh-Hant"), Case("zh-MO", "zh-Hant"),
        Case("zh-Hant-TW", "zh-Hant"), Case("zh-Hant-CN", "zh-Hant"), Case("zh-tw-x-a", "zh-Hant"),
        Case("zh-Latn", "zh-Hans"), Case("zh-XX", "zh-Hans"), Case("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        Case("zh-TW,zh;q=0.9,en-US;q=0.8", "zh-Hant"), Case("iw", "he"), Case("iw-IL", "he"), Case("he-IL", "he"),
        Case("iwa", "en"), Case("no", "en"), Case("nb", "en"),
    ]

    @Test("regions imply a script of Chinese, and the former code of Hebrew is known", arguments: equivalents)
    func equivalent(expected: Case) { expect(expected) }

    @Test("an equivalent is used only if no language has that tag, and one has the other")
    func ownTag() {
        let own = LanguageNegotiation(among: ["zh", "zh-Hans", "zh-Hant", "zh-HK", "iw"])
        for (text, tag) in [
            ("zh", "zh"), ("zh-CN", "zh-Hans"), ("zh-HK", "zh-HK"), ("zh-TW", "zh-Hant"), ("iw", "iw"), ("he", "en"),
        ] {
            expect(Case(text, tag), among: own)
        }
        expect(Case("zh-TW, iw, zh", "en"), among: LanguageNegotiation(among: ["de"]))
    }

    static let others = [
        Case("da", "en"), Case("sv-SE,sv;q=0.9", "en"), Case("tlh, da, de;q=0.1", "de"),
        Case("pt-BR,pt;q=0.9,es;q=0.8", "es"),
    ]

    @Test("languages that are not available are ignored", arguments: others)
    func other(expected: Case) { expect(expected) }

    /// RFC 9110 §12.4.2: a weight is 0 to 1 with up to three digits; it is 1 if missing, and 0 means not acceptable.
    static let weights = [
        Case("de,fr", "de"), Case("fr,de", "fr"), Case("de;q=0.8,fr", "fr"), Case("de;q=0.8,fr;q=0.9", "fr"),
        Case("de;q=0.9,fr;q=0.8", "de"), Case("de;q=0.5,fr;q=0.5", "de"), Case("fr;q=0.5,de;q=0.50", "fr"),
        Case("de;q=0.001,da", "de"), Case("de;q=0.123,fr;q=0.124", "fr"), Case("de;q=0.12,fr;q=0.119", "de"),
        Case("de;q=1,fr", "de"), Case("de;q=1.000,fr", "de"), Case("de;q=1.,fr", "de"),
        Case("de;q=0.999,fr;q=1.0", "fr"), Case("de;q=0.,fr;q=0.001", "fr"), Case("de;Q=0.5,fr;Q=0.6", "fr"),
        Case("en-US,en;q=0.9,de;q=0.8", "en"), Case("de-AT;q=0.1,de;q=0.9,fr;q=0.5", "de"),
        Case("da, en-GB;q=0.8, de;q=0.7", "en"), Case("fr;q=0.5,de-AT;q=0.6,de;q=0.1", "de"),
    ]

    @Test("the greatest weight wins, or the first of equal ones", arguments: weights)
    func weight(expected: Case) { expect(expected) }

    /// RFC 4647 §3.4: `*` is skipped if another range follows, and then stands for the default.
    static let wildcards = [
        Case("*", "en"), Case("*;q=0.5", "en"), Case("de,*;q=0.5", "de"), Case("*;q=0.5,de", "de"), Case("*,de", "de"),
        Case("de,*", "de"), Case("de;q=0.5,*", "de"), Case("da,*;q=0.1", "en"), Case("da, *, ko;q=0.2", "ko"),
        Case("*-DE", "en"), Case("fr;q=0,*;q=0.5", "en"), Case("*;q=0", "en"), Case("de;q=0.1,*;q=0", "de"),
        Case("de-AT,*;q=0", "de"), Case("da,*;q=0", "en"),
    ]

    @Test("a wildcard selects the default if no range matches", arguments: wildcards)
    func wildcard(expected: Case) { expect(expected) }

    static let exclusions = [
        Case("de;q=0", "en"), Case("de;q=0.0", "en"), Case("de;q=0.000,fr;q=0.001", "fr"), Case("en;q=0", "en"),
        Case("en;q=0,de;q=0.1", "de"), Case("en;q=0, *", "de"), Case("*, en;q=0", "de"), Case("en;q=0, *;q=0.1", "de"),
        Case("en;q=0, *;q=0", "en"), Case("en;q=0, de;q=0, *", "es"), Case("de;q=0, *", "en"),
        Case("da, en;q=0, *;q=0.5", "de"), Case("en-US;q=0, *", "en"), Case("en;q=0, en-US", "en"),
        // A range that is shortened to an excluded language does not match.
        Case("de-AT, de;q=0, fr;q=0.1", "fr"), Case("de, de-AT;q=0, fr;q=0.1", "de"),
        Case("de, de;q=0, fr;q=0.1", "fr"),
        Case("zh;q=0, zh-TW, de;q=0.1", "zh-Hant"), Case("zh-Hant;q=0, zh-TW, de;q=0.1", "de"),
        Case("zh, zh-CN;q=0, de;q=0.1", "de"), Case("zh-TW, zh-CN;q=0, de;q=0.1", "zh-Hant"),
        Case("zh-Hans, zh;q=0, de;q=0.1", "zh-Hans"), Case("he, iw;q=0, de;q=0.1", "de"),
        Case("iw, he;q=0, de;q=0.1", "de"), Case("en;q=0, de;q=0, es;q=0, fr;q=0, iw;q=0, *", "ja"),
        Case("en;q=0, de;q=0, es;q=0, fr;q=0, he;q=0, ja;q=0, ko;q=0, zh;q=0, *", "en"),
        // Malformed exclusions exclude nothing.
        Case("de;q=-0, de", "de"), Case("de;q=0.0000, de", "de"),
    ]

    @Test("a weight of 0 excludes a language, unless no other is left", arguments: exclusions)
    func exclusion(expected: Case) { expect(expected) }

    @Test("an excluded language excludes its regions, unless they are named")
    func excludedRegions() {
        let languages = LanguageNegotiation(among: ["de", "de-AT", "en", "fr"])
        for (text, tag) in [
            ("de;q=0, de-AT, *", "de-AT"), ("de;q=0, de-CH, fr;q=0.1", "fr"), ("de;q=0, de-AT-1996, fr;q=0.1", "de-AT"),
            ("en;q=0, de;q=0, *", "fr"), ("en;q=0, de-AT;q=0, *", "de"), ("de-AT;q=0, de-AT-1996, fr;q=0.1", "fr"),
        ] {
            expect(Case(text, tag), among: languages)
        }
    }

    static let spaces = [
        Case(" de ", "de"), Case("\tde\t", "de"), Case("da ,\t fr ;\t q=0.5 , de ; q=0.6", "de"),
        Case(" , ,,de,,", "de"), Case(",", "en"), Case("   ", "en"), Case(", ,\t,", "en"),
    ]

    @Test("spaces around items are ignored, and so are empty items", arguments: spaces)
    func space(expected: Case) { expect(expected) }

    /// Items that are malformed.
    static let malformed = [
        "de;q=", "de;q", "de;", "de;;", "de;0.5", "de;q=.5", "de;q=2", "de;q=1.1", "de;q=1.001", "de;q=0.1234",
        "de;q=-0.5", "de;q=+0.5", "de;q=00.5", "de;q=0,5", "de;q=0.5.1", "de;q=0x1", "de;q=1e0", "de;q=0.5a", "de;q=a",
        "de;q =0.5", "de;q= 0.5", "de;q=\"0.5\"", "de;x=0.5", "de;qq=0.5", "de;level=1", "de;q=0.5;q=0.6", "de;q=0.5;",
        "de;q=٠.٥", "de;q=0.５", "d e", "de fr", "de.AT", "de/fr", "\"de\"", "de\0", "\u{FEFF}de", "ｄｅ", "de\u{301}",
        "de\u{200D}", "\u{212A}o", "-", "_", "-de", "de-", "de_", "de--AT", "de-_AT", "d3", "3de", "de-abcdefghi",
        "abcdefghi", ";q=0.5", "=", "**", "*-", "**;q=0.5", "de-*",
    ]

    @Test("a malformed item is ignored, and the items next to it are not", arguments: malformed)
    func damaged(text: String) {
        expect(Case(text, "en"))
        expect(Case("\(text), fr;q=0.1", "fr"))
        expect(Case("ja;q=0.2, \(text), fr;q=0.1", "ja"))
    }

    @Test("a truncated field is read as far as its items are complete")
    func beginnings() {
        // `da, de`, then a weight that is incomplete or 0.
        let weighted = [String](repeating: "en", count: 6) + ["de"] + [String](repeating: "en", count: 5) + ["de"]
        for (length, tag) in weighted.enumerated() { expect(Case(String("da, de;q=0.5".prefix(length)), tag)) }
        // A range does not end in a hyphen. A single letter is removed when it is shortened.
        let shortened = [
            "en", "en", "zh-Hans", "en", "zh-Hans", "zh-Hans", "zh-Hans", "zh-Hant", "en", "zh-Hant", "zh-Hant",
        ]
        for (length, tag) in shortened.enumerated() { expect(Case(String("zh-Hant-TW".prefix(length)), tag)) }
    }

    @Test("only the first 32 ranges are read")
    func bound() {
        let others = [String](repeating: "da", count: 31)
        expect(Case((others + ["de"]).joined(separator: ","), "de"))
        expect(Case((others + ["da", "de"]).joined(separator: ","), "en"))
        expect(Case((others + ["", " ", "de"]).joined(separator: ","), "de"))
        expect(Case((others + ["!", "de"]).joined(separator: ","), "en"))
        expect(Case((["fr;q=0.1"] + others + ["de"]).joined(separator: ","), "fr"))
        expect(Case((["fr"] + others + ["fr;q=0"]).joined(separator: ","), "fr"))
    }

    @Test("a very long field is read quickly")
    func long() {
        let texts = [
            "de," + String(repeating: "da,", count: 300_000), "de," + String(repeating: ",", count: 1_000_000),
            "de," + String(repeating: "z", count: 1_000_000), "de," + String(repeating: " ", count: 1_000_000),
            "de," + String(repeating: "-a", count: 500_000), "de" + String(repeating: "-a", count: 500_000),
            "de,fr;" + String(repeating: ";", count: 1_000_000),
            "de,fr;q=0." + String(repeating: "9", count: 1_000_000),
        ]
        let start = ContinuousClock.now
        for text in texts { expect(Case(text, "de")) }
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test("the default is available even if it is not listed")
    func fallback() {
        let languages = LanguageNegotiation(among: ["de"], fallback: "fr")
        #expect(languages.available.map(\.tag) == ["de", "fr"])
        for (text, tag) in [(nil, "fr"), ("fr-CA", "fr"), ("en", "fr"), ("de-AT", "de"), ("fr;q=0, *", "de")] {
            expect(Case(text, tag), among: languages)
        }
    }
}

import Bytes
import Net
import TestSupport
import Testing

@Suite
struct LanguageTests {
    /// Tags in the case of RFC 5646 §2.1.1, of which most are examples from its Appendix A.
    static let tags = [
        "de", "fr", "ja", "i-enochian", "zh-Hant", "zh-Hans", "sr-Cyrl", "sr-Latn", "zh-cmn-Hans-CN", "cmn-Hans-CN",
        "zh-yue-HK", "yue-HK", "zh-Hans-CN", "sr-Latn-RS", "sl-rozaj", "sl-rozaj-biske", "sl-nedis", "de-CH-1901",
        "sl-IT-nedis", "hy-Latn-IT-arevela", "de-DE", "en-US", "es-419", "de-CH-x-phonebk", "az-Arab-x-aze-derbend",
        "x-whatever", "qaa-Qaaa-QM-x-southern", "de-Qaaa", "sr-Latn-QM", "sr-Qaaa-RS", "en-US-u-islamcal",
        "zh-CN-a-myext-x-private", "en-a-myext-b-another", "en-CA-x-ca", "sgn-BE-FR", "az-Latn-x-latn", "en-GB-oed",
        "i-klingon", "art-lojban", "zh-min-nan", "tlh", "abcd", "abcdefgh", "de-1996", "x-a", "x-a-b-c", "de-a-bb-cc",
        // 35 characters.
        "de-Latn-DE-1996-x-aaaaaaaa-bbbbbbbb",
    ]

    @Test("a well-formed tag is read in any case, with hyphens or underscores", arguments: LanguageTests.tags)
    func canonical(tag: String) throws {
        for text in [tag, tag.uppercased(), tag.lowercased(), tag.replacing("-", with: "_")] {
            let language = try Language(parsing: text)
            #expect(language.tag == tag)
            #expect(language == (try Language(parsing: tag)))
        }
    }

    /// Texts that are not well-formed, the first three from RFC 5646 Appendix A.
    static let malformed = [
        "de-419-DE", "a-DE", "ar-a-aaa-b-", "", "-", "d", "-de", "de-", "de--AT", "d3", "12", "x", "x-", "de-x", "de-a",
        "de-a-x-b", "de-a-b", "de-AT-AT", "de-Latn-Cyrl", "de-AT-Latn", "de-1996-AT", "de-abc-def-ghi-jkl",
        "abcd-abc", "abcdefghi", "de-abcdefghi", "de-12", "de-12345678-1", "i-unknown", "i", "*", "de-*", "de AT",
        " de", "de ", "de\n", "de\0", "de.AT", "de/AT", "dé", "ｄｅ", "de\u{301}", "\u{212A}o", "de-AT;q=1", "de,en",
        // 36 characters.
        "de-Latn-DE-1996-x-aaaaaaaa-bbbbbb-cc",
    ]

    @Test("a malformed tag is refused", arguments: LanguageTests.malformed)
    func refused(text: String) throws {
        let error = try #require(throws: ParseError.self) { try Language(parsing: text) }
        #expect(error.rule == "must be a BCP 47 language tag of at most 35 characters")
    }

    @Test("a tag that is cut off is read where a subtag ends, unless more has to follow")
    func beginnings() {
        let text = "zh-Hant-TW-u-co-stroke-x-ab"
        // Subtags of two, three and four letters are a region, an extended language and a script.
        let tags = [
            2: "zh", 5: "zh-HA", 6: "zh-han", 7: "zh-Hant", 10: "zh-Hant-TW", 15: "zh-Hant-TW-u-co",
            18: "zh-Hant-TW-u-co-st", 19: "zh-Hant-TW-u-co-str", 20: "zh-Hant-TW-u-co-stro",
            21: "zh-Hant-TW-u-co-strok", 22: "zh-Hant-TW-u-co-stroke", 26: "zh-Hant-TW-u-co-stroke-x-a", 27: text,
        ]
        for length in 0...text.count {
            #expect((try? Language(parsing: String(text.prefix(length))))?.tag == tags[length], "\(length)")
        }
    }

    @Test("a very long text is refused quickly")
    func long() {
        let start = ContinuousClock.now
        for text in ["de", "de-", "-"] {
            #expect(throws: ParseError.self) { try Language(parsing: String(repeating: text, count: 500_000)) }
        }
        #expect(ContinuousClock.now - start < .seconds(30))
    }
}

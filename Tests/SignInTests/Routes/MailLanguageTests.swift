import Net
import TestSupport
import Testing
import Web

@Suite
struct MailLanguageTests {
    /// An `Accept-Language`, and the language of the email: with the built-in languages, and with `sv` and `pt-BR` added.
    static let languages: [(String?, String, String)] = [
        (nil, "en", "en"), ("de-AT", "de", "de"), ("pt-BR,pt;q=0.9", "pt", "pt-BR"), ("sv-FI, de;q=0.5", "de", "sv"),
        ("da, *", "en", "en"), ("zh-HK", "zh-Hant", "zh-Hant"), ("en;q=0, sv;q=0.1, he;q=0.1", "he", "sv"),
    ]

    @Test(
        "the email is requested in the language that the person prefers among those that are built in or added",
        arguments: languages, [false, true])
    func language(expected: (field: String?, builtIn: String, added: String), isAdded: Bool) async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, addedLanguages: isAdded ? ["sv", "pt-BR"] : [])
        let more = expected.field.map { [("Accept-Language", $0)] } ?? []
        #expect(await harness.respond(to: .signIn(more: more)).status == .ok)
        #expect(try await harness.mails().map(\.language) == [isAdded ? expected.added : expected.builtIn])
    }
}

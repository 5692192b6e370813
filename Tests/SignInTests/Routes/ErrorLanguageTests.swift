import Foundation
import Net
import Redis
import TestSupport
import Testing

@testable import SignIn
@testable import Web

@Suite
struct ErrorLanguageTests {
    /// Requests that are refused, at least one for each sentence of sign-in, and the code of each.
    private static let refused: [(request: Request, code: String)] = [
        (.get("/nothing"), "not_found"),
        (.signIn("{}"), "validation_error"),
        (.signIn(#"{"email":"x"}"#), "validation_error"),
        (.signIn(origin: nil), "origin_required"),
        (.signIn(origin: "https://evil.example"), "origin_not_allowed"),
        (.signIn(#"{"email":"a@b.co","callback_origin":"https://evil.example"}"#), "origin_not_allowed"),
        (body("callback_next", #""x""#), "validation_error"),
        (body("callback_next", #""//x""#), "validation_error"),
        (body("callback_next", #""/../x""#), "validation_error"),
        (body("callback_next", #""/\\x""#), "validation_error"),
        (body("callback_next", #""/%zz""#), "validation_error"),
        (body("callback_next", quoted("/" + String(repeating: "x", count: 2048))), "validation_error"),
        (body("code_challenge", #""x""#), "validation_error"),
        (body("code_challenge_method", #""plain""#), "validation_error"),
        (body("code_challenge_method", #""S256""#), "validation_error"),
        (.verify("x", verifier: "x"), "validation_error"),
        (.verify(code: "12345", of: "x"), "validation_error"),
        (.verify("x"), "token_invalid"),
        (.verify(code: "123456", of: "x"), "code_invalid"),
    ]

    /// A sign-in request with an address and one more member.
    private static func body(_ name: String, _ value: String) -> Request {
        .signIn(#"{"email":"ada@example.com","\#(name)":\#(value)}"#)
    }

    /// The sentences of an error.
    private func sentences(_ response: Response) throws -> [String] {
        let issues = response.member("issues") as? [[String: String]] ?? []
        return [try #require(response.member("error") as? String)] + issues.compactMap { $0["message"] }
    }

    private func preferring(_ language: String, _ request: Request) -> Request {
        var request = request
        request.fields.append("Accept-Language", language)
        return request
    }

    @Test("there are words for the languages that emails are written in")
    func languages() {
        let languages = SignInPolicy.builtInLanguages.filter { $0 != .english }
        #expect(signInWords.languages == languages)
        #expect(ErrorWordsFolder.web.languages == languages)
    }

    /// The sentences of sign-in that a harness answers in English. Checks that it answers them in a language, too.
    private func answered(in language: Language, by harness: SignInHarness) async throws -> Set<String> {
        var answered: Set<String> = []
        for (request, code) in ErrorLanguageTests.refused {
            let english = await harness.respond(to: request)
            #expect(english.fields[.contentLanguage] == "en")
            let response = await harness.respond(to: preferring("\(language.tag),en;q=0.5", request))
            #expect(response.code == code)
            #expect(response.status == english.status)
            #expect(response.fields[.contentLanguage] == language.tag, "\(code)")
            #expect(response.fields[.vary] == "Origin, Accept-Language")
            let (texts, originals) = (try sentences(response), try sentences(english))
            #expect(texts.count == originals.count)
            for (text, original) in zip(texts, originals) { #expect(text != original) }
            answered.formUnion(originals)
        }
        return answered
    }

    @Test("every sentence is answered in every language, and no language has another")
    func everySentence() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        for language in signInWords.languages {
            let file = try #require(signInWords[language])
            var words = try #require(JSONSerialization.jsonObject(with: Data(file)) as? [String: String])
            let isRightToLeft = ["ar", "he"].contains(language.tag)
            #expect(words.removeValue(forKey: "direction") == (isRightToLeft ? "rtl" : "ltr"))
            #expect(Set(words.keys).isSubset(of: try await answered(in: language, by: harness)), "\(language.tag)")
            for (sentence, text) in words {
                #expect(!text.isEmpty && text == text.trimmingCharacters(in: .whitespacesAndNewlines), "\(sentence)")
                #expect(!text.contains("'") && !text.contains("\"") && !text.contains("{"), "\(sentence)")
            }
        }
    }

    @Test("a limit's error is translated")
    func limited() async throws {
        let limits = SignInLimits(client: try RateLimit(parsing: "1/1d"), recipient: nil, deployment: nil)
        let server = try await RedisServer()
        let harness = try await SignInHarness(server, limits: limits)
        #expect(await harness.respond(to: .signIn()).status == .ok)
        let response = await harness.respond(to: preferring("fr-CA", .signIn()))
        #expect(response.code == "rate_limited")
        #expect(response.fields[.contentLanguage] == "fr")
        #expect(response.fields[.retryAfter] == "86400")
        let text = try #require(response.member("error") as? String)
        #expect(text == "Trop de demandes\u{202F}: merci de réessayer dans 86400\u{A0}secondes")
    }

    @Test("an outage's error is translated")
    func unavailable() async throws {
        let harness = try await SignInHarness()
        for request in [Request.signIn(), .get("/readyz")] {
            let response = await harness.respond(to: preferring("ja", request))
            #expect(response.code == "service_unavailable")
            #expect(response.fields[.contentLanguage] == "ja")
            #expect(response.text.contains("現在ご利用いただけません。しばらくしてから、もう一度お試しください"))
        }
    }

    @Test("a response that is not an error has no language, and does not vary by it")
    func accepted() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let preflight = Request(method: .options, path: "/auth/send-magic-link")
        for request in [Request.signIn(), .get("/healthz"), preflight] {
            let response = await harness.respond(to: preferring("de", request))
            #expect(response.status.rawValue < 300)
            #expect(response.fields[.contentLanguage] == nil)
            #expect(response.fields[.vary] == "Origin")
        }
    }

    @Test(
        "a server's refusal is translated by the fields that have arrived",
        arguments: [
            (.payloadTooLarge, "tr"), (.requestTimeout, "tr"), (.headerFieldsTooLarge, "tr"),
            (.serviceUnavailable(retryAfter: .seconds(1)), "tr"), (.badRequest, "en"),
        ] as [(HTTPError, String)])
    func refusedByServer(error: HTTPError, language: String) async throws {
        let harness = try await SignInHarness()
        let response = harness.service.response(to: error, fields: ["accept-language": "tr-TR, en;q=0.1"])
        #expect(response.fields[.contentLanguage] == language)
        #expect(harness.service.response(to: error).fields[.contentLanguage] == "en")
    }
}

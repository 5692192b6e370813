import Cryptography
import MailQueue
import Net
import SignIn
import TestSupport
import Testing
import Web

/// A language, the `Accept-Language` that requests it, and the titles of the pages for links that do not work.
struct ConfirmationTitles: Sendable, CustomTestStringConvertible {
    let language: Language
    let acceptLanguage: String?
    let used: String
    let expired: String
    let superseded: String
    let unknown: String
    let sent: String

    var testDescription: String { language.tag }
}

@Suite
struct ConfirmationStatesTests {
    private static let titles = [
        ConfirmationTitles(
            language: .english, acceptLanguage: nil, used: "This link was already used",
            expired: "This link has expired",
            superseded: "A newer link was sent", unknown: "This link does not work", sent: "Check your email"),
        ConfirmationTitles(
            language: "de", acceptLanguage: "de-AT, en;q=0.5", used: "Dieser Link wurde bereits verwendet",
            expired: "Dieser Link ist abgelaufen", superseded: "Es wurde ein neuerer Link gesendet",
            unknown: "Dieser Link funktioniert nicht", sent: "Bitte sehen Sie in Ihr Postfach"),
        ConfirmationTitles(
            language: "es", acceptLanguage: "es", used: "Este enlace ya se ha utilizado",
            expired: "Este enlace ha caducado",
            superseded: "Se ha enviado un enlace más reciente", unknown: "Este enlace no funciona",
            sent: "Revise su correo"),
        ConfirmationTitles(
            language: "fr", acceptLanguage: "sv, fr-CA;q=0.9, en;q=0.1", used: "Ce lien a déjà été utilisé",
            expired: "Ce lien a expiré", superseded: "Un lien plus récent a été envoyé",
            unknown: "Ce lien ne fonctionne pas", sent: "Consultez vos e\u{2D}mails"),
        ConfirmationTitles(
            language: "ko", acceptLanguage: "ko-KR", used: "이미 사용된 링크입니다", expired: "유효 시간이 지난 링크입니다",
            superseded: "더 최근에 발급된 링크가 있습니다", unknown: "사용할 수 없는 링크입니다", sent: "메일을 확인해 주십시오"),
        ConfirmationTitles(
            language: "ja", acceptLanguage: "JA", used: "このリンクは使用済みです", expired: "このリンクは有効期限が切れています",
            superseded: "より新しいリンクが送信されています", unknown: "このリンクは使用できません", sent: "メールをご確認ください"),
        ConfirmationTitles(
            language: "pt", acceptLanguage: "pt-BR,pt;q=0.9,en;q=0.8", used: "Este link já foi usado",
            expired: "Este link expirou", superseded: "Foi enviado um link mais recente",
            unknown: "Este link não funciona", sent: "Verifique o seu e\u{2D}mail"),
        ConfirmationTitles(
            language: "zh-Hant", acceptLanguage: "zh-TW,zh;q=0.9", used: "這個連結已經使用過", expired: "這個連結已過期",
            superseded: "已寄出較新的連結", unknown: "這個連結無法使用", sent: "請查看電子郵件"),
        ConfirmationTitles(
            language: "he", acceptLanguage: "iw", used: "כבר נעשה שימוש בקישור הזה", expired: "פג תוקפו של הקישור הזה",
            superseded: "נשלח קישור חדש יותר", unknown: "הקישור הזה אינו פועל", sent: "נא לבדוק את תיבת הדואר"),
    ]

    private static let address = "quetzal@example.com"

    private func harness(_ server: RedisServer) async throws -> SignInHarness {
        try await SignInHarness(server, publicURL: PublicURL(parsing: "https://auth.example"))
    }

    /// The fields of a browser's request.
    private func fields(_ acceptLanguage: String?) -> [(String, String)] {
        acceptLanguage.map { [("Accept-Language", $0)] } ?? []
    }

    /// Checks what all these pages have in common: they do not show the whole address, and link only to the portal.
    private func expectGone(_ response: Response, _ expected: ConfirmationTitles, _ title: String, isKnown: Bool) {
        let html = ConfirmationHTML(response)
        #expect(response.status == .gone)
        #expect(html.content(of: "h1") == title)
        #expect(html.content(of: "title") == title)
        #expect(html.values(of: "lang") == [expected.language.tag])
        #expect(response.fields[.contentType] == "text/html; charset=utf-8")
        #expect(response.fields[.contentLanguage] == expected.language.tag)
        #expect(response.fields[.vary] == "Origin, Accept-Language")
        #expect(response.fields[.cacheControl] == "no-store")
        #expect(response.fields[.contentTypeOptions] == "nosniff")
        #expect(response.fields[.referrerPolicy] == "no-referrer")
        #expect(response.fields[.robotsTag] == "noindex, nofollow")
        #expect(response.fields[.location] == nil)
        #expect(response.fields[.rateLimit] == nil)
        #expect(!html.text.contains("quetzal"))
        #expect(!html.text.contains("invoices"))
        #expect(html.text.contains("q…\u{2060}@example.com") == isKnown)
        #expect(html.values(of: "href") == (isKnown ? ["https://portal.example/"] : []))
        #expect(html.elements.count { $0 == "button" } == (isKnown ? 1 : 0))
        let policy = response.fields[.contentSecurityPolicy] ?? ""
        #expect(policy.contains("; form-action 'self'; base-uri 'none'; "))
    }

    @Test(
        "the page of a used, expired or superseded link says so, on a view and on a press",
        arguments: ConfirmationStatesTests.titles)
    func unusable(expected: ConfirmationTitles) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let members = #","callback_next":"/invoices""#
        let used = try await harness.requestLink(ConfirmationStatesTests.address, members).token
        #expect(await harness.respond(to: .verify(used)).status == .ok)
        let expired = try await harness.requestLink("quetzal.l@example.com", members).token
        try await harness.expire(expired)
        let bound = members + SampleChallenge.member
        let superseded = try await harness.requestLink(ConfirmationStatesTests.address, bound).token
        _ = try await harness.requestLink(ConfirmationStatesTests.address, bound)
        let before = try await harness.contents()
        for (token, title) in [(used, expected.used), (expired, expected.expired), (superseded, expected.superseded)] {
            for request in [
                Request.view(token, more: fields(expected.acceptLanguage)),
                .view(token, method: .head, more: fields(expected.acceptLanguage)),
                .press(token, more: fields(expected.acceptLanguage)),
            ] {
                expectGone(await harness.respond(to: request), expected, title, isKnown: true)
            }
        }
        #expect(try await harness.contents() == before)
    }

    @Test(
        "the page of an unknown link reveals nothing, and offers no other link",
        arguments: ConfirmationStatesTests.titles)
    func unknown(expected: ConfirmationTitles) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let forgotten = try await harness.requestLink(ConfirmationStatesTests.address).token
        try await harness.forget(forgotten)
        let never = try LoginToken(random: .system).text
        let before = try await harness.contents()
        for token in [forgotten, never, "", "x", String(repeating: "A", count: 5000), respelled(never), "%zz", "a+b"] {
            for request in [
                Request.view(token, more: fields(expected.acceptLanguage)),
                .press(token, more: fields(expected.acceptLanguage)),
                .press(token, sendsAgain: true, more: fields(expected.acceptLanguage)),
            ] {
                let response = await harness.respond(to: request)
                expectGone(response, expected, expected.unknown, isKnown: false)
                #expect(!response.text.contains(forgotten) && !response.text.contains(never))
            }
        }
        #expect(try await harness.contents() == before)
    }

    @Test(
        "the page of a link that works names the portal, and has one button",
        arguments: SignInPolicy.builtInLanguages)
    func live(language: Language) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink(ConfirmationStatesTests.address, #","callback_next":"/invoices""#)
            .token
        let response = await harness.respond(to: .view(token, more: fields(language.tag)))
        let html = ConfirmationHTML(response)
        #expect(response.status == .ok)
        #expect(response.fields[.contentLanguage] == language.tag)
        #expect(response.fields[.vary] == "Origin, Accept-Language")
        #expect(response.fields[.cacheControl] == "no-store")
        let policy = try #require(response.fields[.contentSecurityPolicy])
        #expect(policy.contains("; form-action 'self' https:; base-uri 'none'; "))
        #expect(html.content(of: "h1")?.contains("portal.example") == true)
        #expect(html.content(of: "p")?.contains("portal.example") == true)
        #expect(html.elements.count { $0 == "button" } == 1)
        #expect(html.values(of: "value") == [token])
        #expect(html.values(of: "href") == [])
        // Somebody who has only the link learns nothing about the person.
        #expect(!html.text.contains("example.com"))
        #expect(!html.text.contains("invoices"))
    }

    @Test(
        "the page after another link was requested does not show the whole address",
        arguments: ConfirmationStatesTests.titles)
    func sent(expected: ConfirmationTitles) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink(ConfirmationStatesTests.address).token
        #expect(await harness.respond(to: .verify(token)).status == .ok)
        let response = await harness.respond(to: .press(token, sendsAgain: true, more: fields(expected.acceptLanguage)))
        let html = ConfirmationHTML(response)
        #expect(response.status == .ok)
        #expect(html.content(of: "h1") == expected.sent)
        #expect(response.fields[.contentLanguage] == expected.language.tag)
        #expect(response.fields[.referrerPolicy] == "no-referrer")
        #expect(html.text.contains("q…\u{2060}@example.com"))
        #expect(!html.text.contains("quetzal"))
        #expect(html.elements.count { $0 == "form" } == 0)
        #expect(html.values(of: "href") == ["https://portal.example/"])
        let jobs = try await harness.jobs()
        #expect(jobs.map(\.recipient.text) == [ConfirmationStatesTests.address, ConfirmationStatesTests.address])
        #expect(jobs.last?.language == expected.language)
        // The new link is in the email only.
        let newToken = try #require(jobs.last).token
        #expect(!html.text.contains(newToken))
        #expect(!html.text.contains(token))
    }
}

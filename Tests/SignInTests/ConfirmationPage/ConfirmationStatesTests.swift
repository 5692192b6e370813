import Cryptography
import MailQueue
import Net
import SignIn
import Testing
import TestSupport
import Web

/// A language, how a browser asks for it, and the titles of the pages that say why a link cannot be opened.
struct ConfirmationTitles: Sendable, CustomTestStringConvertible {
    let language: Language
    let asked: String?
    let used: String
    let expired: String
    let superseded: String
    let unknown: String
    let sent: String

    var testDescription: String { language.rawValue }
}

@Suite
struct ConfirmationStatesTests {
    private static let titles = [
        ConfirmationTitles(
            language: .english, asked: nil, used: "This link was already used", expired: "This link has expired",
            superseded: "A newer link was sent", unknown: "This link does not work", sent: "Check your email"),
        ConfirmationTitles(
            language: .german, asked: "de-AT, en;q=0.5", used: "Dieser Link wurde bereits verwendet",
            expired: "Dieser Link ist abgelaufen", superseded: "Es wurde ein neuerer Link gesendet",
            unknown: "Dieser Link funktioniert nicht", sent: "Bitte sehen Sie in Ihr Postfach"),
        ConfirmationTitles(
            language: .spanish, asked: "es", used: "Este enlace ya se ha utilizado", expired: "Este enlace ha caducado",
            superseded: "Se ha enviado un enlace más reciente", unknown: "Este enlace no funciona",
            sent: "Revise su correo"),
        ConfirmationTitles(
            language: .french, asked: "it, fr-CA;q=0.9, en;q=0.1", used: "Ce lien a déjà été utilisé",
            expired: "Ce lien a expiré", superseded: "Un lien plus récent a été envoyé",
            unknown: "Ce lien ne fonctionne pas", sent: "Consultez vos e-mails"),
        ConfirmationTitles(
            language: .korean, asked: "ko-KR", used: "이미 사용된 링크입니다", expired: "유효 시간이 지난 링크입니다",
            superseded: "더 최근에 발급된 링크가 있습니다", unknown: "사용할 수 없는 링크입니다", sent: "메일을 확인해 주십시오"),
        ConfirmationTitles(
            language: .japanese, asked: "JA", used: "このリンクは使用済みです", expired: "このリンクは有効期限が切れています",
            superseded: "より新しいリンクが送信されています", unknown: "このリンクは使用できません", sent: "メールをご確認ください"),
    ]

    private static let address = "quetzal@example.com"

    private func harness(_ server: RedisServer) async throws -> SignInHarness {
        try await SignInHarness(server, publicURL: PublicURL(parsing: "https://door.example"))
    }

    /// The fields of a browser's request.
    private func fields(_ asked: String?) -> [(String, String)] {
        asked.map { [("Accept-Language", $0)] } ?? []
    }

    /// Checks what every page that says so has in common: nothing of the whole address, and no way but by the portal.
    private func expectGone(_ response: Response, _ told: ConfirmationTitles, _ title: String, isKnown: Bool) {
        let html = ConfirmationHTML(response)
        #expect(response.status == .gone)
        #expect(html.content(of: "h1") == title)
        #expect(html.content(of: "title") == title)
        #expect(html.values(of: "lang") == [told.language.rawValue])
        #expect(response.fields[.contentType] == "text/html; charset=utf-8")
        #expect(response.fields[.contentLanguage] == told.language.rawValue)
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
        "a link that was used, is too old or was followed by another says so, to a look and to a press",
        arguments: ConfirmationStatesTests.titles)
    func over(told: ConfirmationTitles) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let members = #","callback_next":"/invoices""#
        let used = try await harness.mailed(ConfirmationStatesTests.address, members).token
        #expect(await harness.respond(to: .verify(used)).status == .ok)
        let expired = try await harness.mailed("quetzal.l@example.com", members).token
        try await harness.expire(expired)
        let ended = try await harness.mailed(ConfirmationStatesTests.address, members).token
        _ = try await harness.mailed(ConfirmationStatesTests.address, members)
        let before = try await harness.contents()
        for (token, title) in [(used, told.used), (expired, told.expired), (ended, told.superseded)] {
            for request in [
                Request.look(token, more: fields(told.asked)),
                .look(token, method: .head, more: fields(told.asked)), .press(token, more: fields(told.asked)),
            ] {
                expectGone(await harness.respond(to: request), told, title, isKnown: true)
            }
        }
        #expect(try await harness.contents() == before)
    }

    @Test(
        "of a link that nobody knows nothing is said, and no other is offered",
        arguments: ConfirmationStatesTests.titles)
    func unknown(told: ConfirmationTitles) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let forgotten = try await harness.mailed(ConfirmationStatesTests.address).token
        try await harness.forget(forgotten)
        let never = try LoginToken(random: .system).text
        let before = try await harness.contents()
        for token in [forgotten, never, "", "x", String(repeating: "A", count: 5000), respelled(never), "%zz", "a+b"] {
            for request in [
                Request.look(token, more: fields(told.asked)), .press(token, more: fields(told.asked)),
                .press(token, isForAgain: true, more: fields(told.asked)),
            ] {
                let response = await harness.respond(to: request)
                expectGone(response, told, told.unknown, isKnown: false)
                #expect(!response.text.contains(forgotten) && !response.text.contains(never))
            }
        }
        #expect(try await harness.contents() == before)
    }

    @Test("a link that works names the portal, and has one button for it", arguments: Language.allCases)
    func live(language: Language) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed(ConfirmationStatesTests.address, #","callback_next":"/invoices""#).token
        let response = await harness.respond(to: .look(token, more: fields(language.rawValue)))
        let html = ConfirmationHTML(response)
        #expect(response.status == .ok)
        #expect(response.fields[.contentLanguage] == language.rawValue)
        #expect(response.fields[.vary] == "Origin, Accept-Language")
        #expect(response.fields[.cacheControl] == "no-store")
        let policy = try #require(response.fields[.contentSecurityPolicy])
        #expect(policy.contains("; form-action 'self' https:; base-uri 'none'; "))
        #expect(html.content(of: "h1")?.contains("portal.example") == true)
        #expect(html.content(of: "p")?.contains("portal.example") == true)
        #expect(html.elements.count { $0 == "button" } == 1)
        #expect(html.values(of: "value") == [token])
        #expect(html.values(of: "href") == [])
        // Who has only the link learns nothing of the person.
        #expect(!html.text.contains("example.com"))
        #expect(!html.text.contains("invoices"))
    }

    @Test(
        "another link is on its way, says the page, to an address that it does not tell",
        arguments: ConfirmationStatesTests.titles)
    func sent(told: ConfirmationTitles) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed(ConfirmationStatesTests.address).token
        #expect(await harness.respond(to: .verify(token)).status == .ok)
        let response = await harness.respond(to: .press(token, isForAgain: true, more: fields(told.asked)))
        let html = ConfirmationHTML(response)
        #expect(response.status == .ok)
        #expect(html.content(of: "h1") == told.sent)
        #expect(response.fields[.contentLanguage] == told.language.rawValue)
        #expect(response.fields[.referrerPolicy] == "no-referrer")
        #expect(html.text.contains("q…\u{2060}@example.com"))
        #expect(!html.text.contains("quetzal"))
        #expect(html.elements.count { $0 == "form" } == 0)
        #expect(html.values(of: "href") == ["https://portal.example/"])
        let jobs = try await harness.jobs()
        #expect(jobs.map(\.recipient.text) == [ConfirmationStatesTests.address, ConfirmationStatesTests.address])
        #expect(jobs.last?.language == told.language)
        // The new link is for the mail alone.
        let fresh = try #require(jobs.last).token
        #expect(!html.text.contains(fresh))
        #expect(!html.text.contains(token))
    }
}

import Cryptography
import Foundation
import MailMessage
import MailQueue
import Net
import Platform
import Settings
import TestSupport
import Testing

@testable import Delivery

@Suite
struct MailSettingsTests {
    private static let required = [
        "POSTERN_MAIL_URL": "smtp://door:h8dden%25@mail.internal:2525",
        "POSTERN_MAIL_FROM": "Portal <sign-in@example.com>",
    ]

    /// The settings from the given variables, and the required ones that are not among them.
    private func settings(_ variables: [String: String] = [:]) throws -> MailSettings {
        try MailSettings(Environment(MailSettingsTests.required.merging(variables) { _, given in given }))
    }

    private func expectDefaults(_ settings: MailSettings) {
        #expect(settings.productName == "Portal")
        #expect(settings.concurrency == 8)
        #expect(settings.deliveryTimeout == .seconds(30))
        #expect(settings.templates === MailTemplates.builtIn)
    }

    @Test("a setting that is missing or empty has its default")
    func defaults() throws {
        expectDefaults(try settings())
        var variables: [String: String] = [:]
        for name in [
            "POSTERN_PRODUCT_NAME", "POSTERN_MAIL_CONCURRENCY", "POSTERN_MAIL_TIMEOUT", "POSTERN_TEMPLATES",
            "SSL_CERT_FILE",
        ] { variables[name] = "" }
        expectDefaults(try settings(variables))
    }

    @Test("required settings must be set", arguments: ["POSTERN_MAIL_URL", "POSTERN_MAIL_FROM"])
    func missing(name: String) throws {
        var variables = MailSettingsTests.required
        for value in [nil, ""] {
            variables[name] = value
            let environment = Environment(variables)
            let error = try #require(throws: SettingError.self) { try MailSettings(environment) }
            #expect(error.description.hasPrefix("\(name) must be set; for example \(name)="))
        }
    }

    // MARK: - Transports

    @Test("POSTERN_MAIL_URL can have a user and a password")
    func smtp() throws {
        guard case .smtp(let server) = try settings().mailURL else {
            Issue.record("it should be SMTP")
            return
        }
        #expect(server.host == "mail.internal")
        #expect(server.port == 2525)
        #expect(server.security == .startTLS)
        #expect(server.credentials?.user == "door")
        #expect(server.credentials?.password.matches(Secret(copying: Array("h8dden%".utf8))) == true)
    }

    @Test("the URL's scheme selects the transport")
    func transports() throws {
        #expect(try settings().transport() is SMTPTransport)
        #expect(try settings(["POSTERN_MAIL_URL": "smtps://mail.internal"]).transport() is SMTPTransport)
        #expect(
            try settings(["POSTERN_MAIL_URL": "mailgun://key@api.mailgun.net/example.com"]).transport()
                is MailgunTransport)
        #expect(try settings(["POSTERN_MAIL_URL": "maildir:///tmp/mail"]).transport() is MaildirTransport)
    }

    // MARK: - Values

    static let senders: [(String, String?, String)] = [
        ("sign-in@example.com", nil, "sign-in@example.com"),
        ("Sign-In@EXAMPLE.com", nil, "sign-in@example.com"),
        ("<sign-in@example.com>", nil, "sign-in@example.com"),
        ("Portal <sign-in@example.com>", "Portal", "sign-in@example.com"),
        ("  Portal  of  Ada  <a@b.co>", "Portal  of  Ada", "a@b.co"),
        ("\"Ada, Inc.\" <a@b.co>", "Ada, Inc.", "a@b.co"),
        ("Pörtäl 門 <a@b.co>", "Pörtäl 門", "a@b.co"),
        ("A < B <a@b.co>", "A < B", "a@b.co"),
        (String(repeating: "x", count: 100) + " <a@b.co>", String(repeating: "x", count: 100), "a@b.co"),
    ]

    @Test("the sender is an address, with or without a name", arguments: MailSettingsTests.senders)
    func sender(text: String, name: String?, address: String) throws {
        let sender = try settings(["POSTERN_MAIL_FROM": text]).sender
        #expect(sender.name == name)
        #expect(sender.address.text == address)
    }

    @Test("a product name has 1 to 100 characters", arguments: ["P", "Ada's “Portal” & Co.", "門", "<b>"])
    func productName(text: String) throws {
        #expect(try settings(["POSTERN_PRODUCT_NAME": text]).productName == text)
        let longest = String(repeating: "é", count: 100)
        #expect(try settings(["POSTERN_PRODUCT_NAME": longest]).productName == longest)
    }

    @Test("from 1 to 256 concurrent deliveries can be set", arguments: [("1", 1), ("2", 2), ("256", 256)])
    func concurrency(text: String, expected: Int) throws {
        #expect(try settings(["POSTERN_MAIL_CONCURRENCY": text]).concurrency == expected)
    }

    static let timeouts: [(String, Duration)] = [
        ("1s", .seconds(1)), ("1000ms", .seconds(1)), ("45s", .seconds(45)), ("5m", .seconds(300)),
        ("300s", .seconds(300)),
    ]

    @Test("from one second to five minutes can be set for a delivery", arguments: MailSettingsTests.timeouts)
    func timeout(text: String, expected: Duration) throws {
        #expect(try settings(["POSTERN_MAIL_TIMEOUT": text]).deliveryTimeout == expected)
    }

    @Test("sender, product name and templates of the settings are used for messages")
    func message() throws {
        let folder = try Folder()
        try Data("{{product}}: {{{link}}} {{code}}".utf8)
            .write(to: URL(fileURLWithPath: "\(folder.path)/sign-in.txt.mustache"))
        let settings = try settings(["POSTERN_PRODUCT_NAME": "Engine", "POSTERN_TEMPLATES": folder.path])
        let job = try WorkerHarness.job()
        let content = String(decoding: try settings.renderer.message(for: job).content, as: UTF8.self)
        #expect(content.contains("\r\nFrom: Portal <sign-in@example.com>\r\n"))
        #expect(content.contains("\r\nSubject: Sign in to Engine\r\n"))
        #expect(content.contains("\r\nEngine: https://portal.example.com/"))
    }

    // MARK: - Refusals

    /// A variable, and values that are refused for it.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let values: [String]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "POSTERN_MAIL_URL",
            values: [
                "h8dden", "http://h8dden:h8dden@mail.internal", "SMTP://h8dden:h8dden@mail.internal",
                "smtp://h8dden:h8dden@", "smtp://h8dden@mail.internal", "smtp://:h8dden@mail.internal",
                "smtp://door:h8dden@mail.internal:0", "smtp://door:h8dden@mail.internal:65536",
                "smtp://door:h8dden@mail.internal:x", "smtp://door:h8dden@mail.internal/h8dden",
                "smtp://door:h8dden@mail.internal?h8dden", "smtp://door:h8dden@mail.internal#h8dden",
                "smtp://door:h8dden%@mail.internal", "smtp://door:h8dden%00@mail.internal",
                "smtp://door%00:h8dden@mail.internal", "smtp://door:h8@dden@mail.internal",
                "smtp://door:h8dden@mail internal", "smtp://door:h8dden@mäil.internal",
                "mailgun://api.mailgun.net/h8dden.example", "mailgun://key:h8dden@api.mailgun.net/example.com",
                "mailgun://h8dden@api.mailgun.net", "mailgun://h8dden@api.mailgun.net/a/b",
                "mailgun://h8dden@/a.example",
                "maildir://h8dden/mail", "maildir://door:h8dden@/mail", "maildir:h8dden",
            ]),
        Case(
            name: "POSTERN_MAIL_FROM",
            values: [
                "h8dden", "h8dden <>", "h8dden <h8dden>", "h8dden <a@b.co", "h8dden a@b.co", "h8dden <a@b.co> h8dden",
                "a@b.co, h8dden@b.co", "h8dden\n <a@b.co>", "h8\0dden <a@b.co>", "h8\u{2028}dden <a@b.co>",
                "h8dden\r\nBcc: x <a@b.co>", "h8dden <a@b.co\n>", "h8dden <ä@b.co>", " h8dden@b.co",
                String(repeating: "h8dden", count: 17) + " <a@b.co>",
            ]),
        Case(
            name: "POSTERN_PRODUCT_NAME",
            values: [
                String(repeating: "h8dden", count: 17), "h8dden\n", "\th8dden", "h8\0dden", "h8\u{7F}dden",
                "h8\u{85}dden", "h8\u{2029}dden",
            ]),
        Case(
            name: "POSTERN_MAIL_CONCURRENCY",
            values: ["0", "257", "-3", "+3", "99999999999999999999", "3 ", " 3", "3.0", "0x3", "３", "h8dden"]),
        Case(
            name: "POSTERN_MAIL_TIMEOUT",
            values: ["0s", "999ms", "301s", "300001ms", "6m", "1h", "77", "-7s", "1.5s", "7 s", "h8dden"]),
    ]

    @Test("an error is one line with name, rule and example, without the value", arguments: MailSettingsTests.cases)
    func refused(expected: Case) throws {
        for value in expected.values {
            let error = try #require(throws: SettingError.self, "\(value)") { try settings([expected.name: value]) }
            let line = error.description
            #expect(error.name == expected.name)
            #expect(line.hasPrefix("\(expected.name) must "), "\(line)")
            #expect(line.contains("; for example \(expected.name)="), "\(line)")
            #expect(line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(line)")
            #expect(!line.contains("h8dden"), "\(line)")
        }
    }

    @Test("the example in an error is accepted", arguments: MailSettingsTests.cases)
    func examples(expected: Case) throws {
        let wrong = try #require(expected.values.first)
        let error = try #require(throws: SettingError.self) { try settings([expected.name: wrong]) }
        _ = try settings([expected.name: error.example])
    }

    @Test("invalid templates are refused, and the error names the file")
    func templates() throws {
        let folder = try Folder()
        try Data("{".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/de.json"))
        let error = try #require(throws: SettingError.self) { try settings(["POSTERN_TEMPLATES": folder.path]) }
        #expect(error.name == "POSTERN_TEMPLATES")
        #expect(error.description.hasPrefix("POSTERN_TEMPLATES must be a folder of valid templates: "))
        #expect(error.description.contains("de.json"))
    }

    @Test("a folder of templates that does not exist is refused")
    func noTemplates() throws {
        let error = try #require(throws: SettingError.self) {
            try settings(["POSTERN_TEMPLATES": "/nowhere/templates"])
        }
        #expect(error.name == "POSTERN_TEMPLATES")
    }

    // MARK: - Printing

    @Test(
        "neither a password nor an API key is printed",
        arguments: ["smtp://door:h8dden@mail.internal", "mailgun://h8dden@mail.internal/example.com"])
    func printing(url: String) throws {
        let settings = try settings(["POSTERN_MAIL_URL": url])
        var dumped = ""
        dump(settings.mailURL, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), "\(settings.mailURL)", dumped] {
            #expect(text.contains("mail.internal"))
            #expect(text.contains("<secret>"))
            #expect(!text.contains("h8dden"))
        }
    }
}

import Bytes
import Testing

@testable import Delivery

@Suite
struct MailURLTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let host: String
        let port: Int
        let security: SMTPServer.Security
        var user: String?
        var password: String?
        var testDescription: String { text }
    }

    static let servers = [
        Case(text: "smtp://mail.example.com", host: "mail.example.com", port: 587, security: .startTLS),
        Case(text: "smtp://mail.example.com/", host: "mail.example.com", port: 587, security: .startTLS),
        Case(text: "smtp://mail.example.com:25", host: "mail.example.com", port: 25, security: .startTLS),
        Case(
            text: "smtp://door:s3cret@mail.example.com:2525", host: "mail.example.com", port: 2525,
            security: .startTLS, user: "door", password: "s3cret"),
        Case(text: "smtps://mail.example.com", host: "mail.example.com", port: 465, security: .implicitTLS),
        Case(
            text: "smtps://door:s3cret@10.0.0.7:4650", host: "10.0.0.7", port: 4650, security: .implicitTLS,
            user: "door", password: "s3cret"),
        Case(text: "smtp://[2001:db8::25]:26", host: "2001:db8::25", port: 26, security: .startTLS),
        Case(text: "smtp://mail_1.internal", host: "mail_1.internal", port: 587, security: .startTLS),
        // Without encryption only to this machine, and only without credentials.
        Case(text: "smtp://localhost", host: "localhost", port: 587, security: .none),
        Case(text: "smtp://localhost:1025", host: "localhost", port: 1025, security: .none),
        Case(text: "smtp://127.0.0.1:1025", host: "127.0.0.1", port: 1025, security: .none),
        Case(text: "smtp://127.255.0.9:1025", host: "127.255.0.9", port: 1025, security: .none),
        Case(text: "smtp://[::1]:1025", host: "::1", port: 1025, security: .none),
        Case(text: "smtp://[::ffff:127.0.0.1]:1025", host: "::ffff:127.0.0.1", port: 1025, security: .none),
        Case(
            text: "smtp://door:s3cret@localhost:1025", host: "localhost", port: 1025, security: .startTLS,
            user: "door", password: "s3cret"),
        Case(text: "smtps://localhost:1025", host: "localhost", port: 1025, security: .implicitTLS),
        Case(text: "smtp://localhost.example.com", host: "localhost.example.com", port: 587, security: .startTLS),
        Case(text: "smtp://127.0.0.1.example.com", host: "127.0.0.1.example.com", port: 587, security: .startTLS),
        Case(text: "smtp://128.0.0.1", host: "128.0.0.1", port: 587, security: .startTLS),
        Case(text: "smtp://127.1", host: "127.1", port: 587, security: .startTLS),
        Case(text: "smtp://[::2]", host: "::2", port: 587, security: .startTLS),
        // Percent escapes.
        Case(
            text: "smtp://door%40example.com:%3A%2F%3F%23%25%40%C3%A9@mail.example.com", host: "mail.example.com",
            port: 587, security: .startTLS, user: "door@example.com", password: ":/?#%@é"),
        Case(
            text: "smtp://door:a:b@mail.example.com", host: "mail.example.com", port: 587, security: .startTLS,
            user: "door", password: "a:b"),
        Case(
            text: "smtp://a+b:c%2Bd+e@mail.example.com", host: "mail.example.com", port: 587, security: .startTLS,
            user: "a+b", password: "c+d+e"),
    ]

    @Test("the URL of a mail server is parsed", arguments: MailURLTests.servers)
    func server(expected: Case) throws {
        guard case .smtp(let server) = try MailURL(parsing: expected.text) else {
            Issue.record("not a mail server")
            return
        }
        #expect(server.host == expected.host)
        #expect(server.port == expected.port)
        #expect(server.security == expected.security)
        #expect(server.credentials?.user == expected.user)
        #expect(server.credentials?.password.text == expected.password)
    }

    @Test(
        "the URL of an account is parsed",
        arguments: [
            ("mailgun://k3y@api.mailgun.net/mg.example.com", "k3y", "api.mailgun.net", 443, "mg.example.com"),
            ("mailgun://k%3Ay%40@api.eu.mailgun.net/a-b.example", "k:y@", "api.eu.mailgun.net", 443, "a-b.example"),
            ("mailgun://k3y@[::1]:8443/example.com", "k3y", "::1", 8443, "example.com"),
        ])
    func account(text: String, key: String, host: String, port: Int, domain: String) throws {
        guard case .mailgun(let account) = try MailURL(parsing: text) else {
            Issue.record("not an account")
            return
        }
        #expect(account.key.text == key)
        #expect(account.host == host)
        #expect(account.port == port)
        #expect(account.domain == domain)
    }

    @Test("the URL of a folder is parsed", arguments: ["/mail", "/var/mail/dev", "/a/"])
    func folder(path: String) throws {
        guard case .maildir(let folder) = try MailURL(parsing: "maildir://\(path)") else {
            Issue.record("not a folder")
            return
        }
        #expect(folder == path)
    }

    /// A rule, and URLs that break only this rule.
    struct Rule: Sendable, CustomTestStringConvertible {
        let text: String
        let broken: [String]
        var testDescription: String { text }
    }

    static let rules = [
        Rule(
            text: "must start with smtp://, smtps://, mailgun:// or maildir://",
            broken: [
                "", "smtp", "mail.example.com:587", "http://s3cret@mail.example.com", "SMTP://mail.example.com",
                "smtp:/mail.example.com", "smtp+tls://door:s3cret@mail.example.com",
            ]),
        Rule(
            text: "must not contain or end in a space, tab or line end; write a space in a user or password as %20",
            broken: [
                " smtp://mail.example.com", "smtp://mail example.com", "smtp://mail.example.com\r\n",
                "smtp://mail.example.com\0", "smtp://door:s3 cret@mail.example.com",
            ]),
        Rule(
            text: "must not contain a query or fragment; write ? and # in a password as %3F and %23",
            broken: [
                "smtp://door:s3cret?@mail.example.com", "smtp://door:s3cret#@mail.example.com",
                "smtps://door:s3cret@mail.example.com?tls=no", "maildir:///mail#s3cret", "mailgun://s3cret@a.net/b?c",
            ]),
        Rule(
            text: "must write % in the user or password as %25",
            broken: [
                "smtp://door:s3cret%@mail.example.com", "smtp://do%or:s3cret@mail.example.com",
                "smtp://door:s3cret%4@mail.example.com", "mailgun://s3cret%zz@api.mailgun.net/example.com",
            ]),
        Rule(
            text: "must write @ in the user or password as %40",
            broken: ["smtp://door:s3@s3cret@mail.example.com", "smtp://door@example.com:s3cret@mail.example.com"]),
        Rule(
            text: "must close the brackets around an IPv6 address",
            broken: ["smtp://[::1", "smtp://[::1]x", "smtp://door:s3cret@[::1"]),
        Rule(
            text: "must have a port from 1 to 65535, or none",
            broken: [
                "smtp://localhost:0", "smtp://localhost:65536", "smtp://localhost:", "smtp://localhost:x",
                "smtp://localhost:+25", "smtp://localhost:-25", "smtp://door:s3cret@localhost:25x", "smtp://::1",
                "mailgun://s3cret@api.mailgun.net:0/example.com",
            ]),
        Rule(
            text: "must have a host",
            broken: ["smtp://", "smtp://:25", "smtps://door:s3cret@", "mailgun://s3cret@/example.com", "smtp://[]"]),
        Rule(
            text: "must have a host name of letters, digits, dots and hyphens, or an IP address",
            broken: [
                "smtp://mäil.example.com", "smtp://door:s3cret@[::zz]", "smtp://[fe80::1%25eth0]",
                "smtp://mail%2Eexample.com", "mailgun://s3cret@api!/example.com",
                // Brackets enclose only an address.
                "smtp://[127.0.0.1:25]",
            ]),
        Rule(
            text: "must not have a path",
            broken: ["smtp://mail.example.com/a", "smtps://door:s3cret@mail.example.com//", "smtp://localhost/%2F"]),
        Rule(
            text: "must have both a user and a password (user:password@), or neither",
            broken: [
                "smtp://s3cret@mail.example.com", "smtp://s3cret:@mail.example.com", "smtp://:s3cret@mail.example.com",
                "smtps://s3cret@localhost",
            ]),
        Rule(
            text: "must not contain a zero byte in the user or password",
            broken: ["smtp://door:s3cret%00@mail.example.com", "smtps://do%00or:s3cret@mail.example.com"]),
        Rule(
            text: "must have the API key before the host: mailgun://key@host/domain",
            broken: [
                "mailgun://api.mailgun.net/example.com", "mailgun://api:s3cret@api.mailgun.net/example.com",
                "mailgun://:s3cret@api.mailgun.net/example.com",
            ]),
        Rule(
            text: "must end with the sending domain: mailgun://key@host/domain",
            broken: [
                "mailgun://s3cret@api.mailgun.net", "mailgun://s3cret@api.mailgun.net/",
                "mailgun://s3cret@api.mailgun.net/example.com/", "mailgun://s3cret@api.mailgun.net/v3/example.com",
                "mailgun://s3cret@api.mailgun.net/exämple.com", "mailgun://s3cret@api.mailgun.net/a%20b",
            ]),
        Rule(
            text: "must be maildir:// followed by an absolute path",
            broken: [
                "maildir://", "maildir:///", "maildir://mail", "maildir://localhost/mail", "maildir://:25/mail",
                "maildir://door:s3cret@/mail",
            ]),
    ]

    @Test("a refusal names the rule, and quotes no part of the URL", arguments: MailURLTests.rules)
    func refused(rule: Rule) {
        for text in rule.broken {
            #expect(throws: ParseError(rule.text), "\(text)") { try MailURL(parsing: text) }
        }
        #expect(!rule.text.contains("s3cret"))
    }

    @Test("an API key with a zero byte, which would cut it off, is refused")
    func zeroByteInKey() {
        #expect(throws: ParseError.self) { try MailURL(parsing: "mailgun://s3%00cret@api.mailgun.net/b.com") }
    }

    @Test(
        "a printed URL does not contain the password or API key",
        arguments: [
            "smtp://door:s3cret@mail.example.com", "smtps://door:s3cret@mail.example.com",
            "mailgun://s3cret@api.mailgun.net/example.com",
        ])
    func description(text: String) throws {
        let url = try MailURL(parsing: text)
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), dumped] {
            #expect(!text.contains("s3cret"), "\(text)")
            #expect(text.contains("<secret>"), "\(text)")
        }
    }
}

import Cryptography
import Testing

@testable import Redis

@Suite
struct RedisURLTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let address: RedisURL.Address
        var isTLS = false
        var user: String?
        var password: String?
        var database = 0
        var testDescription: String { text }
    }

    @Test(
        "a URL is parsed",
        arguments: [
            Case(text: "redis://localhost", address: .host("localhost", port: 6379)),
            Case(text: "redis://localhost/", address: .host("localhost", port: 6379)),
            Case(text: "redis://10.0.0.7:7000/3", address: .host("10.0.0.7", port: 7000), database: 3),
            Case(text: "redis://[::1]:7000", address: .host("::1", port: 7000)),
            Case(text: "redis://[::1]", address: .host("::1", port: 6379)),
            Case(
                text: "rediss://door:s%40cret%2F%25@redis.example.com:6380/1",
                address: .host("redis.example.com", port: 6380), isTLS: true, user: "door", password: "s@cret/%",
                database: 1),
            Case(text: "redis://:secret@localhost", address: .host("localhost", port: 6379), password: "secret"),
            Case(text: "redis://:a:b@localhost", address: .host("localhost", port: 6379), password: "a:b"),
            Case(text: "unix:///run/redis/redis.sock", address: .socket(path: "/run/redis/redis.sock")),
            Case(text: "unix://:secret@/run/redis.sock", address: .socket(path: "/run/redis.sock"), password: "secret"),
        ])
    func read(expected: Case) throws {
        let url = try RedisURL(parsing: expected.text)
        #expect(url.address == expected.address)
        #expect(url.isTLS == expected.isTLS)
        #expect(url.user == expected.user)
        #expect(url.password?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } == expected.password)
        #expect(url.database == expected.database)
    }

    @Test(
        "any other text is refused, and its credentials are not part of the error",
        arguments: [
            "", "localhost:6379", "http://localhost", "redis://", "redis://:6379", "redis://localhost:0",
            "redis://localhost:65536", "redis://localhost:x", "redis://localhost:", "redis://localhost/x",
            "redis://localhost/0?timeout=1", "redis://s3cret@localhost", "redis://:s3cret%@localhost",
            "redis://:s3cret%zz@localhost", "redis://[::1", "redis://[::1]x", "unix://host/path", "unix://", "unix:///",
        ])
    func refused(text: String) {
        #expect {
            _ = try RedisURL(parsing: text)
        } throws: { error in
            !"\(error)".contains("s3cret")
        }
    }

    @Test(
        "white space anywhere is refused, such as the line end of a file, with a rule that says so",
        arguments: [
            "redis://localhost\n", "redis://localhost:6379\r\n", "redis://localhost/0 ", "redis://localhost\t",
            " redis://localhost", "redis://local host", "redis://:s3 cret@localhost", "redis:// localhost",
            "rediss://door:s3cret@localhost:6380/1\n", "unix:///run/redis.sock\n", "unix:///run/my redis.sock", "\n",
        ])
    func whiteSpace(text: String) {
        #expect {
            _ = try RedisURL(parsing: text)
        } throws: { error in
            "\(error)".contains("must not contain or end in a space, tab or line end") && !"\(error)".contains("s3cret")
        }
    }

    @Test("a URL prints without its credentials")
    func description() throws {
        let url = try RedisURL(parsing: "redis://door:s3cret@localhost:7000/2")
        #expect("\(url)" == "localhost:7000")
        #expect(!String(reflecting: url).contains("s3cret"))
    }
}

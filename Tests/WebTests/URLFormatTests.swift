import Testing
import Web

@Suite
struct URLFormatTests {
    @Test(
        "a scheme, a colon and more is a URL",
        arguments: [
            "https://portal.example.com", "https://portal.example.com/", "https://portal.example.com:8443/a?b=c#d",
            "http://localhost", "http://localhost:3000", "HTTPS://EXAMPLE.COM", "hTTp://a", "https://[::1]:8080/",
            "https://127.0.0.1", "https://user:pw@a.example", "https://a.example?b", "https://a.example#b",
            "mailto:ada@example.com", "urn:isbn:0451450523", "ftp://a.example/b", "a:b", "x-a+b.c1:d",
            "javascript:alert(1)", "data:,", "file:///etc", "https://münchen.example", "https://a.example/%20",
        ])
    func recognised(text: String) {
        #expect(isURL(text))
    }

    @Test(
        "anything else is not a URL",
        arguments: [
            "", ":", "a", "a:", "https", "https:", "https:/", "https://", "http://", "HTTPS://", "https:///",
            "https:///portal", "https://?a", "https://#a", "https://:443", "https:portal.example.com",
            "https:/portal.example.com", "http:\\\\portal.example.com", "//portal.example.com", "/a",
            "portal.example.com", "portal.example.com/a:b", ":a", "1a:b", "+a:b", "-a:b", ".a:b", "a_b:c", "a b:c",
            " https://a.example", "https://a.example ", "https://a b.example", "https://a.example/b c",
            "https://a.example\n", "https://a.example\r\n", "\thttps://a.example", "https://a.example/\0",
            "https://a.example/\u{7F}", "\u{1F}a:b", "é:b", "ｈttps://a", "https：//a.example",
        ])
    func notRecognised(text: String) {
        #expect(!isURL(text))
    }

    @Test("a URL that is cut off is a URL as soon as its host has begun")
    func cutOff() {
        let text = "https://portal.example.com/a?b=c"
        // `https://` has 8 characters.
        for length in 0...text.count {
            #expect(isURL(String(text.prefix(length))) == (length > 8), "\(text.prefix(length))")
        }
    }
}

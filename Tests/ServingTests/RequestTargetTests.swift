import Testing
import Web

@testable import Serving

@Suite
struct RequestTargetTests {
    @Test(
        "in origin form, the path is the part before the query",
        arguments: [
            ("/", "/"), ("/healthz", "/healthz"), ("/healthz?", "/healthz"), ("/healthz?a=b", "/healthz"),
            ("/a?b?c", "/a"), ("/?/healthz", "/"), ("/healthz?x=http://evil.example/y", "/healthz"),
            ("/a/b/c?d/e", "/a/b/c"), ("/http://x/y", "/http://x/y"),
        ])
    func originForm(target: String, path: String) {
        #expect(Request.path(ofTarget: target) == path)
    }

    @Test(
        "the path is not normalised, and its percent escapes stay",
        arguments: [
            "//healthz", "/healthz/", "/./healthz", "/a/../healthz", "/%68ealthz", "/healthz%3Fa", "/a%2Fb", "/HEALTHZ",
            "/a;b=c", "/a:b", "/a@b",
        ])
    func untouched(_ target: String) {
        #expect(Request.path(ofTarget: target) == target)
        #expect(Request.path(ofTarget: target + "?query") == target)
    }

    @Test(
        "in absolute form, the path is the part after the authority, or / if it is empty",
        arguments: [
            ("http://example.com/healthz", "/healthz"), ("https://example.com/healthz?a=b", "/healthz"),
            ("HTTP://EXAMPLE.COM/Healthz", "/Healthz"), ("http://example.com:8080/a/b?c", "/a/b"),
            ("http://[2001:db8::1]:80/healthz", "/healthz"), ("http://example.com", "/"), ("http://example.com/", "/"),
            ("http://example.com//healthz", "//healthz"), ("http://example.com?a=b", "/"),
        ])
    func absoluteForm(target: String, path: String) {
        #expect(Request.path(ofTarget: target) == path)
    }

    @Test("in absolute form without a path, a slash in the query does not start a path")
    func slashInQuery() {
        #expect(Request.path(ofTarget: "http://example.com?a=/healthz") == "/")
        #expect(Request.path(ofTarget: "http://example.com?/healthz") == "/")
    }

    @Test(
        "targets in asterisk and authority form stay unchanged",
        arguments: ["*", "example.com:443", "[2001:db8::1]:443"])
    func otherForms(_ target: String) {
        #expect(Request.path(ofTarget: target) == target)
    }
}

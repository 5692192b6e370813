import NIOCore
import Platform
import Testing
import TestSupport
import Web

@testable import Serving

@Suite
struct ResponseWriterTests {
    /// 1994-11-06 08:49:37 UTC, the example of RFC 9110 §5.6.7.
    private static let moment = UnixTime(milliseconds: 784_111_777_000)

    private static let response = Response(
        status: .ok, fields: [.contentType: "application/json", .cacheControl: "no-store"],
        body: Array(#"{"ok":true}"#.utf8))

    private func written(
        _ response: Response, isBodyOmitted: Bool = false, _ connection: ResponseWriter.Connection = .keepAlive
    ) -> String {
        var buffer = ByteBuffer()
        ResponseWriter(now: { ResponseWriterTests.moment })
            .write(response, isBodyOmitted: isBodyOmitted, connection: connection, to: &buffer)
        return String(buffer: buffer)
    }

    private static let headText = """
        HTTP/1.1 200 OK\r
        Date: Sun, 06 Nov 1994 08:49:37 GMT\r
        Content-Type: application/json\r
        Cache-Control: no-store\r
        Content-Length: 11\r\n
        """

    @Test("a response is the status line, the date, its fields in order, the length and the body")
    func whole() {
        #expect(written(ResponseWriterTests.response) == ResponseWriterTests.headText + "\r\n" + #"{"ok":true}"#)
    }

    @Test("Connection is sent only if it differs from the default of the client's version")
    func connection() {
        let response = ResponseWriterTests.response
        let close = ResponseWriterTests.headText + "Connection: close\r\n\r\n" + #"{"ok":true}"#
        #expect(written(response, .close) == close)
        let keepAlive = ResponseWriterTests.headText + "Connection: keep-alive\r\n\r\n" + #"{"ok":true}"#
        #expect(written(response, .keepAliveExplicitly) == keepAlive)
    }

    @Test("a response without its body still has the body's length")
    func head() {
        #expect(written(ResponseWriterTests.response, isBodyOmitted: true) == ResponseWriterTests.headText + "\r\n")
    }

    @Test("an empty body has the length 0, except with 204, which has no length")
    func empty() {
        let empty = "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"
        #expect(written(Response(status: .notFound)) == empty)
        let noContent =
            "HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nAllow: POST, OPTIONS\r\n\r\n"
        #expect(written(Response(status: .noContent, fields: [.allow: "POST, OPTIONS"])) == noContent)
    }

    @Test(
        "each status has its registered reason phrase",
        arguments: [
            (.ok, "200 OK"), (.noContent, "204 No Content"), (.badRequest, "400 Bad Request"),
            (.notFound, "404 Not Found"), (.methodNotAllowed, "405 Method Not Allowed"),
            (.requestTimeout, "408 Request Timeout"), (.contentTooLarge, "413 Content Too Large"),
            (.unsupportedMediaType, "415 Unsupported Media Type"), (.tooManyRequests, "429 Too Many Requests"),
            (.requestHeaderFieldsTooLarge, "431 Request Header Fields Too Large"),
            (.internalServerError, "500 Internal Server Error"), (.serviceUnavailable, "503 Service Unavailable"),
        ] as [(Status, String)])
    func statusLine(status: Status, text: String) {
        #expect(written(Response(status: status)).hasPrefix("HTTP/1.1 \(text)\r\nDate: "))
    }

    @Test("the length counts bytes, not characters")
    func byteCount() {
        let body = Array("\u{E9}\u{1F600}".utf8)
        #expect(written(Response(status: .ok, body: body)).contains("\r\nContent-Length: 6\r\n"))
    }

    @Test("responses follow one another without anything between them")
    func several() {
        var buffer = ByteBuffer()
        let writer = ResponseWriter(now: { ResponseWriterTests.moment })
        for _ in 0..<3 {
            writer.write(ResponseWriterTests.response, isBodyOmitted: false, connection: .keepAlive, to: &buffer)
        }
        let one = ResponseWriterTests.headText + "\r\n" + #"{"ok":true}"#
        #expect(String(buffer: buffer) == one + one + one)
    }

    @Test("the date is the second in which a response is written")
    func date() {
        let milliseconds = Mutexed(784_111_777_000)
        let writer = ResponseWriter(now: { UnixTime(milliseconds: milliseconds.value) })
        func written() -> String {
            var buffer = ByteBuffer()
            writer.write(Response(status: .ok), isBodyOmitted: false, connection: .keepAlive, to: &buffer)
            return String(buffer: buffer)
        }
        #expect(written().contains("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        milliseconds.value = 784_111_777_999
        #expect(written().contains("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        milliseconds.value = 784_111_778_000
        #expect(written().contains("\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n"))
        milliseconds.value = 1_767_225_599_000
        #expect(written().contains("\r\nDate: Wed, 31 Dec 2025 23:59:59 GMT\r\n"))
        milliseconds.value = 1_767_225_600_000
        #expect(written().contains("\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"))
    }

    @Test("the interim response is only a status line")
    func interim() {
        #expect(ResponseWriter.continue == "HTTP/1.1 100 Continue\r\n\r\n")
    }
}

import NIOCore
import Testing

@testable import Serving

struct HeldInputTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"

    /// The pieces in which bytes that arrive in pieces are handed out.
    private func pieces(of parts: [String], _ demand: HeldInput.Demand) -> [String] {
        var held = HeldInput()
        var pieces: [String] = []
        for part in parts {
            held.append(ByteBuffer(string: part))
            while let piece = held.next(demand) { pieces.append(String(buffer: piece)) }
        }
        return pieces
    }

    @Test("a request that arrives alone is handed out whole, with its body and the start of the next")
    func alone() {
        #expect(pieces(of: [HeldInputTests.get], .head) == [HeldInputTests.get])
        #expect(pieces(of: [HeldInputTests.post + "{}"], .head) == [HeldInputTests.post + "{}"])
        #expect(pieces(of: [HeldInputTests.post + "{}GET / HT"], .head) == [HeldInputTests.post + "{}GET / HT"])
    }

    @Test(
        "of several requests one is handed out at a time, whatever ends their lines",
        arguments: ["\r\n", "\n"])
    func pipelined(lineEnd: String) {
        let request = "GET / HTTP/1.1\(lineEnd)Host: a\(lineEnd)\(lineEnd)"
        let all = String(repeating: request, count: 3)
        #expect(pieces(of: [all], .head) == [request, request, request])
    }

    @Test("a head that arrives in two pieces ends where it ends, wherever it was divided")
    func divided() {
        let bytes = Array(HeldInputTests.get.utf8)
        for length in 1..<bytes.count {
            let first = String(decoding: bytes[..<length], as: UTF8.self)
            let rest = String(decoding: bytes[length...], as: UTF8.self)
            #expect(
                pieces(of: [first, rest + HeldInputTests.get + HeldInputTests.get], .head)
                    == [first, rest, HeldInputTests.get, HeldInputTests.get], "\(length)")
        }
    }

    @Test("bytes that arrive one at a time are handed out at once")
    func singly() {
        let bytes = (HeldInputTests.get + HeldInputTests.get).map(String.init)
        #expect(pieces(of: bytes, .head) == bytes)
    }

    @Test("a body is handed out to its end, and not further")
    func body() {
        var held = HeldInput()
        held.append(ByteBuffer(string: "{}" + HeldInputTests.get))
        #expect(held.next(.body(byteCount: 2)).map { String(buffer: $0) } == "{}")
        #expect(held.byteCount == HeldInputTests.get.utf8.count)
        #expect(held.next(.body(byteCount: 1_000)).map { String(buffer: $0) } == HeldInputTests.get)
    }

    @Test("a chunked body is handed out to its end, and not further")
    func chunks() {
        let body = "2\r\n{}\r\n0\r\n\r\n"
        #expect(pieces(of: [body + HeldInputTests.get], .chunks).first == body)
        // An empty line within the body only makes more pieces of it.
        let text = "4\r\n\r\n\r\n\r\n0\r\nTrailer: a\r\n\r\n"
        #expect(pieces(of: [text + "GET"], .chunks).joined() == text + "GET")
        #expect(pieces(of: [text + "GET"], .chunks).last == "GET")
    }

    @Test("at most 512 bytes of a chunked body are handed out at once")
    func manyChunks() {
        let text = String(repeating: "1\r\na\r\n", count: 300)
        let pieces = pieces(of: [text], .chunks)
        #expect(pieces.map(\.utf8.count) == [512, 512, 512, 264])
        #expect(pieces.joined() == text)
    }

    @Test("bytes are held until they are wanted, and discarded together")
    func held() {
        var held = HeldInput()
        held.append(ByteBuffer(string: "one,"))
        #expect(held.next(.nothing) == nil)
        held.append(ByteBuffer(string: "two"))
        #expect(held.byteCount == 7)
        #expect(held.next(.discard)?.readableBytes == 7)
        #expect(held.byteCount == 0)
        #expect(held.capacity == 0)
    }
}

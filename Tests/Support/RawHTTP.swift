import Foundation

/// A TCP connection that sends bytes unchanged, and reads HTTP responses. Reading blocks the thread, at most until the
/// timeout.
package final class RawHTTP: Sendable {
    private let descriptor: Int32
    private let pending = Mutexed<[UInt8]>([])

    /// Connects to a port of 127.0.0.1.
    /// - Parameter host: the last number of the address to connect from, 127.0.0.1 to 127.0.0.254.
    package init(port: Int, fromHost host: UInt32 = 1) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var source = sockaddr_in()
        source.sin_family = sa_family_t(AF_INET)
        source.sin_addr.s_addr = UInt32(0x7F00_0000 + host).bigEndian
        _ = withUnsafePointer(to: &source) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // `deinit` runs after this throw too, and closes the socket.
        guard code == 0 else { throw RawHTTPError(description: "cannot connect to port \(port)") }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { Foundation.close(descriptor) }

    package func send(_ text: String) throws {
        try send(bytes: Array(text.utf8))
    }

    /// Sends all bytes.
    /// - Throws: ``RawHTTPError`` if the other side has closed the connection.
    package func send(bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw RawHTTPError(description: "the connection is closed for writing") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Closes the connection for writing only.
    package func closeWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes the connection in both directions.
    package func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Reads one response. The length of its body is `Content-Length`; responses with status 1xx and 204 have no body.
    /// - Parameter isHead: whether the request was HEAD, so that no body follows.
    /// - Throws: ``RawHTTPError`` if the response is not complete in time, or the other side closes the connection.
    package func readResponse(isHead: Bool = false, timeout: Duration = .seconds(10)) throws -> RawResponse {
        let deadline = ContinuousClock.now + timeout
        var bytes = pending.value
        while true {
            if let (response, length) = RawResponse.parse(bytes, isHead: isHead) {
                pending.value = Array(bytes[length...])
                return response
            }
            let more = try read(until: deadline)
            guard !more.isEmpty else {
                throw RawHTTPError(description: "closed within a response: \(String(decoding: bytes, as: UTF8.self))")
            }
            bytes += more
        }
    }

    /// Reads until the other side closes the connection.
    /// - Throws: ``RawHTTPError`` if it does not close in time.
    package func readToEnd(timeout: Duration = .seconds(10)) throws -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        var bytes = pending.value
        pending.value = []
        while true {
            let more = try read(until: deadline)
            if more.isEmpty { return bytes }
            bytes += more
        }
    }

    /// Returns the next bytes; empty if the other side has closed the connection.
    private func read(until deadline: ContinuousClock.Instant) throws -> [UInt8] {
        let left = (deadline - .now).components
        let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard milliseconds > 0, Foundation.poll(&poll, 1, Int32(milliseconds)) > 0 else {
            throw RawHTTPError(description: "nothing came in time")
        }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : []
    }
}

/// An error of a test's connection.
package struct RawHTTPError: Error, CustomStringConvertible {
    package let description: String
}

/// An HTTP response.
package struct RawResponse: Sendable {
    package let status: Int
    package let fields: [(name: String, value: String)]
    package let body: [UInt8]

    /// The value of a field. The case of its name is ignored.
    package subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body as a JSON object; empty if it is not one.
    package var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
    }

    /// The response at the start of the bytes, and its length; `nil` if it is not complete.
    fileprivate static func parse(_ bytes: [UInt8], isHead: Bool) -> (RawResponse, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        let fields = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return (String(line[..<colon]), value)
        }
        let length = fields.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        let bodyLength = isHead || status < 200 || status == 204 ? 0 : length
        guard bytes.count >= end.upperBound + bodyLength else { return nil }
        let body = Array(bytes[end.upperBound..<(end.upperBound + bodyLength)])
        return (RawResponse(status: status, fields: fields, body: body), end.upperBound + bodyLength)
    }
}

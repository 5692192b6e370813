import NIOCore
import Platform
import Web

/// Writes responses as HTTP/1.1 (RFC 9112 §4), each as one run of bytes. The connections of an event loop share one
/// writer.
final class ResponseWriter {
    /// The handling of the connection after the response.
    enum Connection {
        case keepAlive
        /// The connection stays open, and `Connection: keep-alive` says so: HTTP/1.0 clients need that.
        case keepAliveExplicitly
        case close
    }

    static let `continue` = "HTTP/1.1 100 Continue\r\n\r\n"

    private var date = ""
    private var dateSecond = Int.min
    /// One buffer for each shared body, of which all responses send a slice.
    private var sharedBodies: [ObjectIdentifier: (owner: SharedBody, buffer: ByteBuffer)] = [:]
    private let now: () -> UnixTime

    init(now: @escaping () -> UnixTime = UnixTime.now) {
        self.now = now
    }

    /// The bytes of a shared body, which take memory once for all connections.
    func buffer(of body: SharedBody) -> ByteBuffer {
        if let known = sharedBodies[ObjectIdentifier(body)] { return known.buffer }
        let buffer = ByteBuffer(bytes: body.bytes)
        sharedBodies[ObjectIdentifier(body)] = (body, buffer)
        return buffer
    }

    /// Appends a response to a buffer.
    /// - Parameter isBodyOmitted: whether to leave out the body, because the request was HEAD. `Content-Length` is
    ///   still the body's length.
    func write(
        _ response: Response, isBodyOmitted: Bool, connection: Connection, to buffer: inout ByteBuffer
    ) {
        buffer.writeString("HTTP/1.1 ")
        buffer.writeString(String(response.status.rawValue))
        buffer.writeString(" ")
        buffer.writeString(response.status.reasonPhrase)
        write("Date", currentDate(), to: &buffer)
        for line in response.fields.lines { write(line.name.rawValue, line.value, to: &buffer) }
        // RFC 9110 §8.6: a 204 response has no Content-Length.
        if response.status != .noContent { write("Content-Length", String(response.body.count), to: &buffer) }
        switch connection {
        case .keepAlive: break
        case .keepAliveExplicitly: write("Connection", "keep-alive", to: &buffer)
        case .close: write("Connection", "close", to: &buffer)
        }
        buffer.writeString("\r\n\r\n")
        if !isBodyOmitted { buffer.writeBytes(response.body) }
    }

    private func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
        buffer.writeString("\r\n")
        buffer.writeString(name)
        buffer.writeString(": ")
        buffer.writeString(value)
    }

    /// The current time as an HTTP date, formatted once per second.
    private func currentDate() -> String {
        let now = now()
        if now.seconds != dateSecond {
            date = CivilTime(now).httpDate
            dateSecond = now.seconds
        }
        return date
    }
}

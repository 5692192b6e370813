import NIOCore
import Platform
import Web

/// Writes responses as HTTP/1.1 (RFC 9112 §4), each as one run of bytes. The connections of one event loop share it.
final class ResponseWriter {
    /// What follows the response.
    enum Connection {
        case keepAlive
        /// As HTTP/1.0 clients must be told.
        case keepAliveExplicitly
        case close
    }

    static let `continue` = "HTTP/1.1 100 Continue\r\n\r\n"

    private var date = ""
    private var dateSecond = Int.min
    private let now: () -> UnixTime

    init(now: @escaping () -> UnixTime = UnixTime.now) {
        self.now = now
    }

    /// - Parameter isBodyOmitted: whether the request was HEAD; `Content-Length` still tells the body's length.
    func write(
        _ response: Response, isBodyOmitted: Bool, connection: Connection, to buffer: inout ByteBuffer
    ) {
        buffer.writeString("HTTP/1.1 ")
        buffer.writeString(String(response.status.rawValue))
        buffer.writeString(" ")
        buffer.writeString(response.status.reasonPhrase)
        write("Date", currentDate(), to: &buffer)
        for line in response.fields.lines { write(line.name.rawValue, line.value, to: &buffer) }
        // RFC 9110 §8.6: none with 204.
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

    /// The time, written anew once a second.
    private func currentDate() -> String {
        let now = now()
        if now.seconds != dateSecond {
            date = CivilTime(now).httpDate
            dateSecond = now.seconds
        }
        return date
    }
}

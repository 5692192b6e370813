import NIOHTTP1
import Web

extension HTTPConnection {
    /// The action that the caller must take.
    enum Action {
        /// Do nothing.
        case nothing
        /// Read from the socket.
        case read
        /// Send `100 Continue`.
        case sendContinue
        /// Have this request answered, then call ``answered(with:isLast:at:)``.
        case respond(HTTPRequestHead, body: [UInt8])
        /// Send the response. If it closes the connection, continue as for ``finish``; otherwise decode further bytes in
        /// a later turn of the event loop.
        case send(Response, isBodyOmitted: Bool, ResponseWriter.Connection)
        /// Send the response to the error, which closes the connection, and continue as for ``finish``. The head is
        /// that of the refused request; `nil` if it is incomplete.
        case refuse(HTTPError, HTTPRequestHead?)
        /// Set the timer, call ``flushed(at:)`` when all that was sent has left, and call ``resumeReading()``.
        case finish
        /// Set the timer, and close the sending side only.
        case closeOutput
        /// Close the connection.
        case close
        /// Set the timer.
        case setTimer
    }
}

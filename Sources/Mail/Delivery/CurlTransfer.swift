import Bytes
import CCurl
import Cryptography
import Net
import Platform

/// One transfer: its libcurl options, the content to upload, and its progress.
///
/// It belongs to its creator until it is given to the engine, and then to one of the engine's threads until its end.
final class CurlTransfer: @unchecked Sendable {  // It has one owner at a time, as described above.
    enum Kind {
        case smtp, http
    }

    enum Option {
        case long(CURLoption, Int)
        case string(CURLoption, String)
        case secret(CURLoption, Secret)
        case list(CURLoption, [String])
    }

    /// The options for a TLS connection.
    /// - Parameter authorities: a PEM file of certificate authorities to trust instead of the system's.
    static func tlsOptions(trusting authorities: String?) -> [Option] {
        [.long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))]
            + (authorities.map { [.string(CURLOPT_CAINFO, $0)] } ?? [])
    }

    /// The result of a transfer.
    struct End: Sendable {
        let result: CURLcode
        /// The last reply's SMTP code or HTTP status; 0 if there was no reply.
        let responseCode: Int
        /// Whether it used a connection that an earlier transfer had opened.
        let isOverUsedConnection: Bool
        /// The progress of the dialogue. For HTTP, only whether all content was handed to libcurl.
        let dialogue: SMTPDialogue
        /// libcurl's description of the result, without host, user or address.
        let text: String
    }

    /// The time after which an idle connection is not used again: servers end connections that are idle for some ten
    /// seconds, and may do so while a command is on its way. libcurl counts full seconds, and allows one more.
    private static let maximumIdleSeconds = 4

    /// The time by which the transfer ends in any case.
    let deadline: ContinuousClock.Instant
    private let kind: Kind
    private let options: [Option]
    private let content: [UInt8]
    private let requiresAuthentication: Bool
    private let progress: DeliveryProgress?
    private let observe: (@Sendable (DeliveryStep) -> Void)?
    private var sentByteCount = 0
    private var dialogue = SMTPDialogue()
    private var isQuitSent = false
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    /// The start of an HTTP response's body, for the observer.
    private var answer: [UInt8] = []
    private static let maximumAnswerByteCount = 1000

    /// - Parameters:
    ///   - content: the bytes to upload.
    ///   - requiresAuthentication: whether nothing is sent on a new SMTP connection without a login, which libcurl
    ///     skips if the server does not offer one.
    ///   - progress: where the progress of an SMTP dialogue is recorded, and whether the transfer is to end early.
    ///   - observe: called with each step.
    init(
        _ kind: Kind, options: [Option], content: [UInt8], requiresAuthentication: Bool = false,
        deadline: ContinuousClock.Instant, progress: DeliveryProgress? = nil,
        observe: (@Sendable (DeliveryStep) -> Void)?
    ) {
        self.kind = kind
        self.requiresAuthentication = requiresAuthentication
        self.progress = progress
        self.deadline = deadline
        self.options = options
        self.content = content
        self.observe = observe
    }

    deinit {
        for list in lists { curl_slist_free_all(list) }
    }

    /// Sets all options of a handle, which then holds an unretained reference to this transfer.
    /// - Returns: the first error, or `CURLE_OK`.
    func prepare(_ handle: UnsafeMutableRawPointer) -> CURLcode {
        let this = Unmanaged.passUnretained(self).toOpaque()  // The engine retains it until its end.
        let milliseconds = max(1, (deadline - .now).milliseconds)
        var codes = [
            postern_curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            postern_curl_set_long(handle, CURLOPT_MAXCONNECTS, 1),
            postern_curl_set_long(handle, CURLOPT_MAXAGE_CONN, CurlTransfer.maximumIdleSeconds),
            // A transfer can end without waiting for a resolver that hangs.
            postern_curl_set_long(handle, CURLOPT_QUICK_EXIT, 1),
            postern_curl_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds),
            postern_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            postern_curl_set_transfer_function(handle, CURLOPT_READFUNCTION, readContent),
            postern_curl_set_pointer(handle, CURLOPT_READDATA, this),
            postern_curl_set_transfer_function(handle, CURLOPT_WRITEFUNCTION, takeAnswer),
            postern_curl_set_pointer(handle, CURLOPT_WRITEDATA, this),
            postern_curl_set_long(handle, CURLOPT_VERBOSE, 1),
            postern_curl_set_debug_function(handle, traceStep),
            postern_curl_set_pointer(handle, CURLOPT_DEBUGDATA, this),
            postern_curl_set_ready_function(handle, checkConnection),
            postern_curl_set_pointer(handle, CURLOPT_PREREQDATA, this),
        ]
        if progress != nil {
            codes += [
                postern_curl_set_long(handle, CURLOPT_NOPROGRESS, 0),
                postern_curl_set_progress_function(handle, checkProgress),
                postern_curl_set_pointer(handle, CURLOPT_XFERINFODATA, this),
            ]
        }
        for option in options { codes.append(set(option, on: handle)) }
        return codes.first { $0 != CURLE_OK } ?? CURLE_OK
    }

    private func set(_ option: Option, on handle: UnsafeMutableRawPointer) -> CURLcode {
        switch option {
        case .long(let name, let value):
            return postern_curl_set_long(handle, name, value)
        case .string(let name, let value):
            return postern_curl_set_string(handle, name, value)
        case .secret(let name, let value):
            // libcurl needs a zero byte at the end, and makes its own copy.
            return value.withUnsafeBytes { bytes in
                withUnsafeTemporaryAllocation(byteCount: bytes.count + 1, alignment: 1) { copy in
                    copy.copyMemory(from: bytes)
                    copy[bytes.count] = 0
                    defer { copy.initializeMemory(as: UInt8.self, repeating: 0) }
                    return postern_curl_set_string(handle, name, copy.baseAddress)
                }
            }
        case .list(let name, let values):
            var list: UnsafeMutablePointer<curl_slist>?
            for value in values {
                guard let longer = curl_slist_append(list, value) else { return CURLE_OUT_OF_MEMORY }
                list = longer
            }
            if let list { lists.append(list) }
            return postern_curl_set_pointer(handle, name, list)
        }
    }

    /// Returns the transfer's result after libcurl has ended it.
    func end(_ handle: UnsafeMutableRawPointer, _ result: CURLcode) -> End {
        if !answer.isEmpty { observe?(.received(answer.withUnsafeBytes { line($0) })) }
        var responseCode = 0
        var newConnectionCount = 0
        _ = postern_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &responseCode)
        _ = postern_curl_get_long(handle, CURLINFO_NUM_CONNECTS, &newConnectionCount)
        return End(
            result: result, responseCode: responseCode,
            isOverUsedConnection: newConnectionCount == 0 && result != CURLE_COULDNT_CONNECT
                && result != CURLE_COULDNT_RESOLVE_HOST,
            dialogue: dialogue, text: String(cString: curl_easy_strerror(result)))
    }

    /// The result of a transfer whose deadline passed before it got a connection.
    var overdue: End {
        End(
            result: CURLE_OPERATION_TIMEDOUT, responseCode: 0, isOverUsedConnection: false, dialogue: dialogue,
            text: String(cString: curl_easy_strerror(CURLE_OPERATION_TIMEDOUT)))
    }

    // MARK: - Callbacks of libcurl

    /// Whether the transfer may begin on the connection that libcurl has found or opened. A connection that was kept
    /// has no dialogue yet, and was authenticated when it was opened.
    fileprivate var mayBegin: Bool {
        !requiresAuthentication || dialogue.step == .connection || dialogue.isAuthenticated
    }

    /// Whether the transfer is to end early.
    fileprivate var isEnded: Bool { progress?.isEnded ?? false }

    private func advance() { progress?.advance(to: dialogue.step) }

    fileprivate func read(into space: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(space.count, content.count - sentByteCount)
        content.withUnsafeBytes {
            space.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sentByteCount...].prefix(count)))
        }
        sentByteCount += count
        if sentByteCount == content.count {
            dialogue.sentContent()
            advance()
        }
        return count
    }

    fileprivate func take(_ bytes: UnsafeRawBufferPointer) {
        answer += bytes.prefix(CurlTransfer.maximumAnswerByteCount - answer.count)
    }

    fileprivate func trace(_ handle: UnsafeMutableRawPointer?, _ type: curl_infotype, _ bytes: UnsafeRawBufferPointer) {
        switch type {
        case CURLINFO_HEADER_OUT:
            switch kind {
            case .smtp:
                let command = dialogue.sent(bytes)
                advance()
                limitWait(afterQuit: command == "QUIT", on: handle)
                observe?(.sent(command))
            // Only the request line, because the fields after it contain the API key.
            case .http: observe?(.sent(line(bytes)))
            }
        case CURLINFO_HEADER_IN:
            if kind == .smtp {
                dialogue.received(bytes)
                advance()
            }
            guard let observe else { return }
            let line = line(bytes)
            if !line.isEmpty { observe(.received(line)) }
        case CURLINFO_TEXT:
            // It concerns another connection: the QUIT was sent on one that was closed to make room.
            limitWait(afterQuit: false, on: handle)
            observe?(.note(line(bytes)))
        default: break
        }
    }

    /// Limits the wait for the reply to QUIT to one second. By default libcurl waits for two minutes, even beyond the
    /// transfer's deadline.
    private func limitWait(afterQuit isQuit: Bool, on handle: UnsafeMutableRawPointer?) {
        guard isQuit != isQuitSent else { return }
        isQuitSent = isQuit
        _ = postern_curl_set_long(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, isQuit ? 1 : 0)
    }

    /// The first 500 bytes of a line, without line end and characters that control a terminal.
    private func line(_ bytes: UnsafeRawBufferPointer) -> String {
        plainText(
            String(
                decoding: bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }.prefix(500),
                as: UTF8.self))
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
    // `prepare` gave this pointer to libcurl.
    Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue()
}

private let readContent: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
    space, size, count, context in
    transfer(context).read(into: UnsafeMutableRawBufferPointer(start: space, count: size * count))
}

private let takeAnswer: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
    bytes, size, count, context in
    transfer(context).take(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

private let traceStep:
    @convention(c) (
        UnsafeMutableRawPointer?, curl_infotype, UnsafeMutablePointer<CChar>?, Int, UnsafeMutableRawPointer?
    ) -> CInt = { handle, type, bytes, count, context in
        transfer(context).trace(handle, type, UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
    }

private let checkConnection:
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UnsafeMutablePointer<CChar>?, CInt, CInt)
        -> CInt = { context, _, _, _, _ in
            transfer(context).mayBegin ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }

private let checkProgress:
    @convention(c) (UnsafeMutableRawPointer?, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> CInt = {
        context, _, _, _, _ in
        transfer(context).isEnded ? 1 : 0
    }

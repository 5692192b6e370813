import Bytes
import CCurl
import Cryptography
import Net
import Platform

/// One transfer: libcurl's options, what is sent, and what became of it.
///
/// It is its maker's until it is handed to the engine, and one of the engine's threads' from then until its end.
final class CurlTransfer: @unchecked Sendable {  // There is one owner at a time, as said above.
    enum Kind {
        case smtp, http
    }

    enum Option {
        case long(CURLoption, Int)
        case string(CURLoption, String)
        case secret(CURLoption, Secret)
        case list(CURLoption, [String])
    }

    /// What protects a connection by TLS.
    /// - Parameter authorities: a PEM file of those to trust instead of the system's.
    static func tlsOptions(trusting authorities: String?) -> [Option] {
        [.long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))]
            + (authorities.map { [.string(CURLOPT_CAINFO, $0)] } ?? [])
    }

    /// How a transfer ended.
    struct End: Sendable {
        let result: CURLcode
        /// The last reply's code, of SMTP or HTTP; 0 where there was none.
        let responseCode: Int
        /// Whether it went over a connection that had been used before.
        let isOverUsedConnection: Bool
        /// How far it came; of HTTP only whether all of the content was handed over.
        let dialogue: SMTPDialogue
        /// What libcurl says of the result: without host, user or address.
        let text: String
    }

    /// When it has ended, whatever happens.
    let deadline: ContinuousClock.Instant
    private let kind: Kind
    private let options: [Option]
    private let content: [UInt8]
    private let observe: (@Sendable (DeliveryStep) -> Void)?
    private var sentByteCount = 0
    private var dialogue = SMTPDialogue()
    private var isGoodbyeSaid = false
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    /// The start of what an HTTP server answers, for who looks on.
    private var answer: [UInt8] = []
    private static let maximumAnswerByteCount = 1000

    /// - Parameters:
    ///   - content: what is uploaded.
    ///   - observe: is told each step.
    init(
        _ kind: Kind, options: [Option], content: [UInt8], deadline: ContinuousClock.Instant,
        observe: (@Sendable (DeliveryStep) -> Void)?
    ) {
        self.kind = kind
        self.deadline = deadline
        self.options = options
        self.content = content
        self.observe = observe
    }

    deinit {
        for list in lists { curl_slist_free_all(list) }
    }

    /// Sets all options of a handle, which then refers to this transfer.
    func prepare(_ handle: UnsafeMutableRawPointer) -> CURLcode {
        let this = Unmanaged.passUnretained(self).toOpaque()  // The engine holds it until its end.
        let milliseconds = max(1, (deadline - .now).milliseconds)
        var codes = [
            postern_curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            postern_curl_set_long(handle, CURLOPT_MAXCONNECTS, 1),
            // The end of a transfer does not wait for a resolver that hangs.
            postern_curl_set_long(handle, CURLOPT_QUICK_EXIT, 1),
            postern_curl_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds),
            postern_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            postern_curl_set_transfer_function(handle, CURLOPT_READFUNCTION, readContent),
            postern_curl_set_pointer(handle, CURLOPT_READDATA, this),
            postern_curl_set_transfer_function(handle, CURLOPT_WRITEFUNCTION, takeAnswer),
            postern_curl_set_pointer(handle, CURLOPT_WRITEDATA, this),
            postern_curl_set_long(handle, CURLOPT_VERBOSE, 1),
            postern_curl_set_debug_function(handle, hearStep),
            postern_curl_set_pointer(handle, CURLOPT_DEBUGDATA, this),
        ]
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
            // libcurl wants a zero byte at the end, and makes its own copy.
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

    /// What became of it.
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

    /// What became of it where its deadline came before a connection was free.
    var overdue: End {
        End(
            result: CURLE_OPERATION_TIMEDOUT, responseCode: 0, isOverUsedConnection: false, dialogue: dialogue,
            text: String(cString: curl_easy_strerror(CURLE_OPERATION_TIMEDOUT)))
    }

    // MARK: - What libcurl calls

    fileprivate func read(into space: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(space.count, content.count - sentByteCount)
        content.withUnsafeBytes {
            space.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sentByteCount...].prefix(count)))
        }
        sentByteCount += count
        if sentByteCount == content.count { dialogue.sentContent() }
        return count
    }

    fileprivate func take(_ bytes: UnsafeRawBufferPointer) {
        answer += bytes.prefix(CurlTransfer.maximumAnswerByteCount - answer.count)
    }

    fileprivate func hear(_ handle: UnsafeMutableRawPointer?, _ type: curl_infotype, _ bytes: UnsafeRawBufferPointer) {
        switch type {
        case CURLINFO_HEADER_OUT:
            switch kind {
            case .smtp:
                let command = dialogue.sent(bytes)
                waitForGoodbye(command == "QUIT", on: handle)
                observe?(.sent(command))
            // The request line; the fields behind it hold the key.
            case .http: observe?(.sent(line(bytes)))
            }
        case CURLINFO_HEADER_IN:
            if kind == .smtp { dialogue.received(bytes) }
            let line = line(bytes)
            if !line.isEmpty { observe?(.received(line)) }
        case CURLINFO_TEXT:
            // Of another connection: the goodbye was to one that had to make room for it.
            waitForGoodbye(false, on: handle)
            observe?(.note(line(bytes)))
        default: break
        }
    }

    /// libcurl waits for the answer to a goodbye beyond the transfer's deadline: by default for two minutes.
    private func waitForGoodbye(_ isGoodbye: Bool, on handle: UnsafeMutableRawPointer?) {
        guard isGoodbye != isGoodbyeSaid else { return }
        isGoodbyeSaid = isGoodbye
        _ = postern_curl_set_long(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, isGoodbye ? 1 : 0)
    }

    /// The start of a line, without its end.
    private func line(_ bytes: UnsafeRawBufferPointer) -> String {
        withoutControlCharacters(
            String(
                decoding: bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }.prefix(500),
                as: UTF8.self))
    }
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> CurlTransfer {
    // Given to libcurl by `prepare`.
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

private let hearStep:
    @convention(c) (
        UnsafeMutableRawPointer?, curl_infotype, UnsafeMutablePointer<CChar>?, Int, UnsafeMutableRawPointer?
    ) -> CInt = { handle, type, bytes, count, context in
        transfer(context).hear(handle, type, UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
    }

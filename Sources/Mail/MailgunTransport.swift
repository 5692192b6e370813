import CCurl
public import Secrets
import SignIn

/// An account with Mailgun, or with who speaks its API.
public struct MailgunAccount: Sendable {
    public let key: Secret
    public let host: String
    public let port: Int
    /// The domain that mail is sent from, as it is known there.
    public let domain: String

    public init(key: Secret, host: String, port: Int, domain: String) {
        self.key = key
        self.host = host
        self.port = port
        self.domain = domain
    }
}

/// Delivers messages by Mailgun's HTTP API: `POST /v3/<domain>/messages.mime`, with the whole message as a file.
public final class MailgunTransport: MailTransport {
    private let engine: CurlEngine
    private let options: [CurlTransfer.Option]

    /// - Parameters:
    ///   - connections: how many may be open at once.
    ///   - certificateAuthorities: a PEM file of those to trust instead of the system's.
    public init(account: MailgunAccount, connections: Int, certificateAuthorities: String?) {
        engine = CurlEngine(connections: connections)
        let host = account.host.contains(":") ? "[\(account.host)]" : account.host
        var options: [CurlTransfer.Option] = [
            .string(CURLOPT_URL, "https://\(host):\(account.port)/v3/\(account.domain)/messages.mime"),
            .string(CURLOPT_PROTOCOLS_STR, "https"),
            .string(CURLOPT_USERNAME, "api"),
            .secret(CURLOPT_PASSWORD, account.key),
            .long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            .long(CURLOPT_POST, 1),
        ]
        if let certificateAuthorities { options.append(.string(CURLOPT_CAINFO, certificateAuthorities)) }
        self.options = options
    }

    public func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        let boundary = "postern-\(message.id)"
        var form: [UInt8] = []
        // Links are not to be rewritten, nor opens counted.
        for (name, value) in [("to", message.recipient.text), ("o:tracking", "no")] {
            form += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8
        }
        form += "--\(boundary)\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.eml\"\r\n".utf8
        form += "Content-Type: message/rfc822\r\n\r\n".utf8
        form += message.content
        form += "\r\n--\(boundary)--\r\n".utf8
        let options =
            options + [
                .long(CURLOPT_POSTFIELDSIZE, form.count),
                .list(CURLOPT_HTTPHEADER, ["Content-Type: multipart/form-data; boundary=\(boundary)", "Expect:"]),
            ]
        let end = await engine.run(
            CurlTransfer(options: options, content: form, deadline: .now + deadline, observe: nil))
        let outcome = MailgunTransport.outcome(of: end)
        observe?(.received(end.responseCode == 0 ? end.text : "HTTP status \(end.responseCode)"))
        return outcome
    }

    /// By the status; where there is none, by how far the request came.
    static func outcome(of end: CurlTransfer.End) -> DeliveryOutcome {
        let reply = end.responseCode == 0 ? nil : Reply(code: end.responseCode)
        func failure(_ code: DeliveryFailure.Code) -> DeliveryFailure {
            DeliveryFailure(code, reply: reply, detail: reply.map { "the API answered \($0)" } ?? end.text)
        }
        switch end.responseCode {
        case 0: break
        case 200..<300: return end.result == CURLE_OK ? .delivered(reply) : .ambiguous(failure(.replyLost))
        case 401, 403: return .unavailable(failure(.authenticationFailed))
        // Of these it is not the message that is at fault: another address, payment, an unknown
        // domain, too many requests, the API itself.
        case 300..<400, 402, 404, 408, 429, 500...: return .unavailable(failure(.serviceUnavailable))
        default: return .permanent(failure(.messageRefused))
        }
        switch end.result {
        case CURLE_COULDNT_RESOLVE_HOST: return .unavailable(failure(.hostNotFound))
        case CURLE_COULDNT_CONNECT: return .unavailable(failure(.connectionRefused))
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE: return .unavailable(failure(.certificateInvalid))
        case CURLE_SSL_CONNECT_ERROR: return .unavailable(failure(.tlsFailed))
        default: break
        }
        if end.isContentSent { return .ambiguous(failure(.replyLost)) }
        return .unavailable(failure(end.result == CURLE_OPERATION_TIMEDOUT ? .timeout : .connectionLost))
    }
}

import CCurl
import Cryptography
import MailMessage
import Net
import Platform

/// An account with Mailgun, or with a service that has the same API.
package struct MailgunAccount: Sendable {
    /// The API key.
    package let key: Secret
    /// The API's host name or IP address, such as `api.mailgun.net` or `api.eu.mailgun.net`.
    package let host: String
    /// The API's port.
    package let port: Int
    /// The sending domain, as registered with the service.
    package let domain: String

    /// Creates an account.
    /// - Parameter domain: letters, digits, dots, hyphens and underscores, because it becomes part of a URL.
    package init(key: Secret, host: String, port: Int, domain: String) {
        self.key = key
        self.host = host
        self.port = port
        self.domain = domain
    }
}

/// Delivers messages through Mailgun's HTTP API: `POST /v3/<domain>/messages.mime`, with the whole message as a file.
package final class MailgunTransport: MailTransport {
    private let engine: CurlEngine
    private let options: [CurlTransfer.Option]

    /// - Parameters:
    ///   - connections: the maximum number of open connections.
    ///   - certificateAuthorities: a PEM file of certificate authorities to trust instead of the system's.
    package init(account: MailgunAccount, connections: Int, certificateAuthorities: String?) {
        engine = CurlEngine(connections: connections)
        options =
            [
                .string(
                    CURLOPT_URL, "https://\(urlHost(account.host)):\(account.port)/v3/\(account.domain)/messages.mime"),
                .string(CURLOPT_PROTOCOLS_STR, "https"),
                .string(CURLOPT_USERNAME, "api"),
                .secret(CURLOPT_PASSWORD, account.key),
                .long(CURLOPT_POST, 1),
                // With HTTP/2, libcurl would show all fields to the observer, including the API key.
                .long(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1),
            ] + CurlTransfer.tlsOptions(trusting: certificateAuthorities)
    }

    /// Sends a message in one request.
    package func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        let boundary = "postern-\(message.id)"
        var form: [UInt8] = []
        // Mailgun must neither rewrite links nor count opens.
        let recipients = message.recipients.map { ("to", $0.text) }
        for (name, value) in recipients + [("o:tracking", "no")] {
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
            CurlTransfer(.http, options: options, content: form, deadline: .now + deadline, observe: observe))
        return MailgunTransport.outcome(of: end)
    }

    /// Returns the outcome: by the response's status, or by the progress of the request if there was no response.
    static func outcome(of end: CurlTransfer.End) -> DeliveryOutcome {
        // A 1xx status is not final, and the final one did not arrive.
        let status = end.responseCode < 200 ? 0 : end.responseCode
        let reply = status == 0 ? nil : Reply(code: status)
        func failure(
            _ code: DeliveryFailure.Code, _ subject: DeliveryFailure.Subject = .email
        ) -> DeliveryFailure {
            DeliveryFailure(
                code, reply: reply, detail: reply.map { "the API answered \($0)" } ?? end.text, subject: subject)
        }
        switch status {
        case 0: break
        case 200..<300: return end.result == CURLE_OK ? .delivered(reply) : .ambiguous(failure(.replyLost))
        case 401, 403: return .unavailable(failure(.authenticationFailed))
        case 413: return .permanent(failure(.messageRefused))
        // About this message, or about the account.
        case 400, 422: return .permanent(failure(.messageRefused, .unclear))
        // Redirects, payment, an unknown domain, too many requests, server errors: none of them is due to the message.
        default: return .unavailable(failure(.serviceUnavailable))
        }
        if end.dialogue.isContentComplete { return .ambiguous(failure(.replyLost)) }
        return .unavailable(failure(DeliveryFailure.Code(end.result)))
    }
}

import CCurl
import MailMessage
import Net
import Platform

/// Delivers messages to one mail server by SMTP (RFC 5321), over connections that stay open.
package final class SMTPTransport: MailTransport {
    private let server: SMTPServer
    private let engine: CurlEngine
    private let options: [CurlTransfer.Option]

    /// - Parameters:
    ///   - clientName: the domain for EHLO (RFC 5321 §4.1.1.1).
    ///   - connections: the maximum number of open connections.
    ///   - certificateAuthorities: a PEM file of certificate authorities to trust instead of the system's.
    package init(server: SMTPServer, clientName: String, connections: Int, certificateAuthorities: String?) {
        self.server = server
        engine = CurlEngine(connections: connections)
        let scheme = server.security == .implicitTLS ? "smtps" : "smtp"
        var options: [CurlTransfer.Option] = [
            .string(CURLOPT_URL, "\(scheme)://\(urlHost(server.host)):\(server.port)/\(clientName)"),
            .string(CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
            // Proxies in environment variables are not for email.
            .string(CURLOPT_PROXY, ""),
            .long(CURLOPT_UPLOAD, 1),
        ]
        if server.security != .none {
            options.append(.long(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue)))
            options += CurlTransfer.tlsOptions(trusting: certificateAuthorities)
        }
        if let credentials = server.credentials {
            options += [
                .string(CURLOPT_USERNAME, credentials.user),
                .secret(CURLOPT_PASSWORD, credentials.password),
                .string(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN"),
            ]
        }
        self.options = options
    }

    /// Sends a message over an open connection, or a new one. If the server had closed the open connection, the message
    /// is sent again at once, over a new one.
    package func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        let deadline = ContinuousClock.now + deadline
        let end = await attempt(message, until: deadline, onNewConnection: false, observe)
        guard SMTPOutcome.isStaleConnection(end), .now < deadline else { return outcome(of: end) }
        // The server closed the connection while it was idle, which has nothing to do with the message.
        return outcome(of: await attempt(message, until: deadline, onNewConnection: true, observe))
    }

    private func outcome(of end: CurlTransfer.End) -> DeliveryOutcome {
        let outcome = SMTPOutcome.outcome(of: end)
        // If the server does not offer AUTH, libcurl continues without it. A refusal is then not due to the message.
        guard case .permanent(let failure) = outcome, server.credentials != nil, !end.isOverUsedConnection,
            !end.dialogue.hasBegunAuthentication
        else { return outcome }
        return .unavailable(
            DeliveryFailure(
                .authenticationFailed, reply: failure.reply,
                detail: "the server offers no supported AUTH method, and \(failure.detail)"))
    }

    private func attempt(
        _ message: MailMessage, until deadline: ContinuousClock.Instant, onNewConnection isNew: Bool,
        _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> CurlTransfer.End {
        let options =
            options + [
                .string(CURLOPT_MAIL_FROM, "<\(message.sender.text)>"),
                .list(CURLOPT_MAIL_RCPT, message.recipients.map { "<\($0.text)>" }),
                // Goes on after a refused recipient, as long as there is an accepted one.
                .long(CURLOPT_MAIL_RCPT_ALLLOWFAILS, message.recipients.count > 1 ? 1 : 0),
                .long(CURLOPT_FRESH_CONNECT, isNew ? 1 : 0),
            ]
        return await engine.run(
            CurlTransfer(.smtp, options: options, content: message.content, deadline: deadline, observe: observe))
    }
}

import CCurl
import MailMessage
import Net
import Platform

/// Delivers messages to one mail server by SMTP (RFC 5321), over connections that are kept.
package final class SMTPTransport: MailTransport {
    private let server: SMTPServer
    private let engine: CurlEngine
    private let options: [CurlTransfer.Option]

    /// - Parameters:
    ///   - clientName: the name that the server is greeted with, a domain (RFC 5321 §4.1.1.1).
    ///   - connections: how many may be open at once.
    ///   - certificateAuthorities: a PEM file of those to trust instead of the system's.
    package init(server: SMTPServer, clientName: String, connections: Int, certificateAuthorities: String?) {
        self.server = server
        engine = CurlEngine(connections: connections)
        let scheme = server.security == .implicitTLS ? "smtps" : "smtp"
        var options: [CurlTransfer.Option] = [
            .string(CURLOPT_URL, "\(scheme)://\(urlHost(server.host)):\(server.port)/\(clientName)"),
            .string(CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
            // Whatever the environment says of proxies is not meant for mail.
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

    /// Sends a message over a connection that is kept, or a new one. Where the server had given the kept one up, it is
    /// sent over a new one at once.
    package func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        let deadline = ContinuousClock.now + deadline
        let end = await attempt(message, until: deadline, isFresh: false, observe)
        guard SMTPOutcome.isStaleConnection(end), .now < deadline else { return outcome(of: end) }
        // The server had given the connection up while it was idle. That says nothing of the message.
        return outcome(of: await attempt(message, until: deadline, isFresh: true, observe))
    }

    private func outcome(of end: CurlTransfer.End) -> DeliveryOutcome {
        let outcome = SMTPOutcome.outcome(of: end)
        // Where a server offers no AUTH, libcurl goes on without. That it is then refused is not the message's fault.
        guard case .permanent(let failure) = outcome, server.credentials != nil, !end.isOverUsedConnection,
            !end.dialogue.hasBegunAuthentication
        else { return outcome }
        return .unavailable(
            DeliveryFailure(
                .authenticationFailed, reply: failure.reply,
                detail: "the server offers no supported AUTH method, and \(failure.detail)"))
    }

    private func attempt(
        _ message: MailMessage, until deadline: ContinuousClock.Instant, isFresh: Bool,
        _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> CurlTransfer.End {
        let options =
            options + [
                .string(CURLOPT_MAIL_FROM, "<\(message.sender.text)>"),
                .list(CURLOPT_MAIL_RCPT, ["<\(message.recipient.text)>"]),
                .long(CURLOPT_FRESH_CONNECT, isFresh ? 1 : 0),
            ]
        return await engine.run(
            CurlTransfer(.smtp, options: options, content: message.content, deadline: deadline, observe: observe))
    }
}

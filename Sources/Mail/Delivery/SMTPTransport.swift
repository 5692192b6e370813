import CCurl
import MailMessage
import Net
import Platform
import Synchronization

/// Delivers messages to one mail server by SMTP (RFC 5321), over connections that stay open.
package final class SMTPTransport: MailTransport {
    private let server: SMTPServer
    private let engine: CurlEngine
    private let options: [CurlTransfer.Option]
    /// The only mechanism to authenticate by, after the server refused the other one and accepted this; `nil` for any.
    let mechanism = Mutex<String?>(nil)

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
            ]
        }
        self.options = options
    }

    /// Sends a message over an open connection, or a new one.
    ///
    /// The message is sent again at once, over a new connection, if an open one may be the cause of a failure; and by
    /// another login mechanism, if the server refuses the first.
    package func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        await deliver(message, within: deadline, DeliveryProgress(), observe)
    }

    package func deliver(
        _ message: MailMessage, within deadline: Duration, _ progress: DeliveryProgress
    ) async -> DeliveryOutcome {
        await deliver(message, within: deadline, progress, nil)
    }

    private func deliver(
        _ message: MailMessage, within deadline: Duration, _ progress: DeliveryProgress,
        _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        var delivery = SMTPDelivery(of: message, until: .now + deadline, by: self, progress, observe)
        return await delivery.run()
    }

    /// Runs one transfer.
    /// - Parameter mechanism: the only mechanism to authenticate by; `nil` for any.
    func transfer(
        _ message: MailMessage, to recipients: [EmailAddress], onNewConnection isNew: Bool, by mechanism: String?,
        until deadline: ContinuousClock.Instant, _ progress: DeliveryProgress,
        _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> CurlTransfer.End {
        var options =
            options + [
                .string(CURLOPT_MAIL_FROM, "<\(message.sender.text)>"),
                .list(CURLOPT_MAIL_RCPT, recipients.map { "<\($0.text)>" }),
                // Goes on after a refused recipient, as long as there is an accepted one.
                .long(CURLOPT_MAIL_RCPT_ALLLOWFAILS, recipients.count > 1 ? 1 : 0),
                .long(CURLOPT_FRESH_CONNECT, isNew ? 1 : 0),
            ]
        let isLoginRequired = server.credentials != nil
        if isLoginRequired {
            let mechanisms = mechanism.map { [$0] } ?? AuthenticationOffer.supported
            options.append(.string(CURLOPT_LOGIN_OPTIONS, mechanisms.map { "AUTH=\($0)" }.joined(separator: ";")))
        }
        return await engine.run(
            CurlTransfer(
                .smtp, options: options, content: message.content, requiresAuthentication: isLoginRequired,
                deadline: deadline, progress: progress, observe: observe))
    }
}

import Bytes
import Cryptography
import Net

/// The destination for all messages, parsed from an `smtp://`, `smtps://`, `mailgun://` or `maildir://` URL.
package enum MailURL: Sendable {
    case smtp(SMTPServer)
    case mailgun(MailgunAccount)
    /// A folder for development, in which each message becomes a file.
    case maildir(path: String)

    /// Parses a URL.
    ///
    /// - `smtp://user:password@host:587` uses STARTTLS. `smtp://localhost:1025`, with a loopback host and without a
    ///   user, is not encrypted. The default port is 587.
    /// - `smtps://user:password@host:465` uses TLS from the first byte. The default port is 465.
    /// - `mailgun://key@api.mailgun.net/domain` uses Mailgun's API, on any host. The default port is 443.
    /// - `maildir:///folder` writes files. The path is absolute.
    /// - Throws: ``ParseError`` for a URL of any other form.
    package init(parsing text: String) throws(ParseError) {
        let url = try ServiceURL(parsing: text, schemes: ["smtp", "smtps", "mailgun", "maildir"])
        switch url.scheme {
        case "mailgun": self = .mailgun(try MailgunAccount(url))
        case "maildir":
            guard url.host.isEmpty, url.port == nil, url.user == nil, url.password == nil, url.path.count > 1 else {
                throw ParseError("must be maildir:// followed by an absolute path")
            }
            self = .maildir(path: url.path)
        default: self = .smtp(try SMTPServer(url))
        }
    }
}

extension SMTPServer {
    fileprivate init(_ url: ServiceURL) throws(ParseError) {
        try checkHost(url.host)
        guard url.path.isEmpty || url.path == "/" else { throw ParseError("must not have a path") }
        guard (url.user == nil) == (url.password == nil) else {
            throw ParseError("must have both a user and a password (user:password@), or neither")
        }
        if let user = url.user, let password = url.password {
            // libcurl takes both as C strings.
            guard !user.utf8.contains(0), !password.withUnsafeBytes({ $0.contains(0) }) else {
                throw ParseError("must not contain a zero byte in the user or password")
            }
            credentials = Credentials(user: user, password: password)
        } else {
            credentials = nil
        }
        host = url.host
        if url.scheme == "smtps" {
            security = .implicitTLS
            port = url.port ?? 465
        } else {
            let isLoopback = url.host == "localhost" || IPAddress(parsing: url.host)?.isLoopback == true
            security = isLoopback && credentials == nil ? .none : .startTLS
            port = url.port ?? 587
        }
    }
}

extension MailgunAccount {
    fileprivate init(_ url: ServiceURL) throws(ParseError) {
        try checkHost(url.host)
        let domain = url.path.dropFirst()
        guard let key = url.user, !key.utf8.contains(0), url.password == nil else {
            throw ParseError("must have the API key before the host: mailgun://key@host/domain")
        }
        guard !domain.isEmpty, domain.utf8.allSatisfy(isHostByte) else {
            throw ParseError("must end with the sending domain: mailgun://key@host/domain")
        }
        self.init(key: Secret(copying: key.utf8), host: url.host, port: url.port ?? 443, domain: String(domain))
    }
}

/// Returns a host in the form for a URL: an IPv6 address in brackets (RFC 3986 §3.2.2).
func urlHost(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

/// Checks that a host is a name or an IP address, because it becomes part of a URL for libcurl.
private func checkHost(_ host: String) throws(ParseError) {
    guard !host.isEmpty else { throw ParseError("must have a host") }
    // ServiceURL has removed the brackets of an IPv6 address.
    let isIPv6 = host.contains(":") && IPAddress(bare: host[...]) != nil
    guard isIPv6 || host.utf8.allSatisfy(isHostByte) else {
        throw ParseError("must have a host name of letters, digits, dots and hyphens, or an IP address")
    }
}

private func isHostByte(_ byte: UInt8) -> Bool {
    byte.isASCIILetter || byte.isASCIIDigit || ".-_".utf8.contains(byte)
}

import Bytes
import Net
import Web

/// One state of the confirmation page: a message, and at most one button.
struct ConfirmationPage: Sendable {
    /// A button that posts the mailed token.
    struct Button: Sendable {
        let token: LoginToken
        /// Whether it requests a new link instead of opening this one.
        let sendsAgain: Bool
        let label: String
    }

    /// A link below the message.
    struct Link: Sendable {
        let url: String
        let label: String
    }

    let status: Status
    let language: Language
    let title: String
    var text: String
    var button: Button?
    var note: String?
    var link: Link?
    /// The portal that the button leads to; `nil` if there is no such button.
    var portal: Origin?
    /// The value of `Retry-After`: whole seconds, at least 1.
    var retryAfter: Int?

    /// The page as HTML. It needs no script, image or other file.
    var html: [UInt8] {
        var body = "<h1>\(escapedForHTML(title))</h1>\n<p>\(escapedForHTML(text))</p>\n"
        if let button {
            body += "<form method=\"post\" action=\"open\">"
            body += "<input type=\"hidden\" name=\"token\" value=\"\(escapedForHTML(button.token.text))\">"
            if button.sendsAgain { body += "<input type=\"hidden\" name=\"again\" value=\"1\">" }
            body += "<button>\(escapedForHTML(button.label))</button></form>\n"
        }
        if let note { body += "<p class=\"note\">\(escapedForHTML(note))</p>\n" }
        if let link {
            body += "<p class=\"note\"><a href=\"\(escapedForHTML(link.url))\">\(escapedForHTML(link.label))</a></p>\n"
        }
        let direction = ConfirmationWords.all[language]?.isRightToLeft == true ? "rtl" : "ltr"
        return Array(
            """
            <!doctype html>
            <html lang="\(language.tag)" dir="\(direction)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="robots" content="noindex,nofollow">
            <meta name="referrer" content="no-referrer">
            <meta name="color-scheme" content="light dark">
            <title>\(escapedForHTML(title))</title>
            <style>\(ConfirmationStyle.text)</style>
            </head>
            <body>
            <main>
            \(body)</main>
            </body>
            </html>

            """.utf8)
    }

    /// The sources of the directive `form-action`. Browsers also apply it to every redirect that follows the form's
    /// POST, including those of the portal's callback page. Those may lead to any origin with the portal's scheme, or
    /// with `https`.
    private var formAction: String {
        switch portal?.scheme {
        case nil: "'self'"
        case .https: "'self' https:"
        case .http: "'self' http: https:"
        }
    }

    /// The page as an HTTP response.
    var response: Response {
        var response = Response(
            status: status,
            fields: [
                .contentType: "text/html; charset=utf-8",
                .contentLanguage: language.tag,
                .contentSecurityPolicy:
                    "default-src 'none'; style-src '\(ConfirmationStyle.source)'; form-action \(formAction)"
                    + "; base-uri 'none'; frame-ancestors 'none'",
                .referrerPolicy: "no-referrer",
                .robotsTag: "noindex, nofollow",
            ], body: html)
        if let retryAfter { response.fields.append(.retryAfter, String(retryAfter)) }
        return response
    }
}

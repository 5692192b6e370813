import Net
import Platform

/// A request and the values that every route may need with it: client, language, log and clock.
package struct RequestContext: Sendable {
    package let request: Request
    package let log: RequestLog
    /// The wall clock.
    package let now: @Sendable () -> UnixTime
    /// The caller whose API key the request has, if the route's guard is ``Guard/apiKey(_:)``; otherwise `nil`.
    package internal(set) var caller: Caller?
    private let proxies: TrustedProxies

    package init(
        _ request: Request, behind proxies: TrustedProxies, log: RequestLog, now: @escaping @Sendable () -> UnixTime
    ) {
        self.request = request
        self.proxies = proxies
        self.log = log
        self.now = now
    }

    /// The client's IP address, or `nil` if unknown.
    package var clientAddress: IPAddress? {
        proxies.clientAddress(peer: request.peer, forwardedFor: request.fields.forwardedFor)
    }

    /// Returns the language that the client prefers among others, by `Accept-Language`.
    package func language(among languages: LanguageNegotiation) -> Language {
        languages.language(preferredBy: request.fields.acceptLanguage)
    }
}

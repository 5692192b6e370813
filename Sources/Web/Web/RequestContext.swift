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
    /// The client's IP address, or `nil` if unknown.
    package let clientAddress: IPAddress?
    /// The networks that the client is counted as.
    package var clientNetworks: ClientNetworks { ClientNetworks(clientAddress) }

    /// The proxy whose `X-Forwarded-For` is ignored because it is not trusted; `nil` if there is none.
    let ignoredProxy: IPAddress?

    package init(
        _ request: Request, behind proxies: TrustedProxies, log: RequestLog, now: @escaping @Sendable () -> UnixTime
    ) {
        self.request = request
        self.log = log
        self.now = now
        let (peer, forwardedFor) = (request.peer, request.fields.forwardedFor)
        let client = proxies.clientAddress(peer: peer, forwardedFor: forwardedFor)
        clientAddress = client
        ignoredProxy = forwardedFor.flatMap { proxies.ignoredProxy(peer: peer, forwardedFor: $0, client: client) }
    }

    /// Returns the language that the client prefers among others, by `Accept-Language`.
    package func language(among languages: LanguageNegotiation) -> Language {
        languages.language(preferredBy: request.fields.acceptLanguage)
    }
}

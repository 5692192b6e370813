import Bytes

/// Decides where a link leads, and which sites may ask for one.
package struct OriginPolicy: Sendable {
    /// Where a request says that it comes from, or where its link should lead: one text for each source, `nil` where
    /// absent.
    package struct Claims: Sendable {
        /// `callback_origin` in the body.
        package var body: String?
        /// The header `X-AppHandoff-Callback-Origin`.
        package var header: String?
        /// The header `Origin`.
        package var origin: String?
        /// The header `Referer`.
        package var referer: String?

        package init(body: String? = nil, header: String? = nil, origin: String? = nil, referer: String? = nil) {
            self.body = body
            self.header = header
            self.origin = origin
            self.referer = referer
        }
    }

    /// Where a claim stood.
    package enum Source: Sendable, Equatable {
        case body, header, origin, referer
    }

    /// Why no link is made.
    package enum Refusal: Error, Equatable {
        /// What stands there is not on the allowlist, or, with an error, not an origin at all.
        case notAllowed(Source, ParseError?)
        /// The request names no origin, and there is none to fall back on.
        case required
    }

    private let allowed: [OriginPattern]
    private let fallback: Origin?
    /// The origins that the allowlist names one by one, by their serialization: browsers write it so, and it need not
    /// be taken apart.
    private let known: [String: Origin]

    /// - Parameters:
    ///   - allowed: the allowlist.
    ///   - fallback: where links lead when a request names no origin.
    package init(allowed: [OriginPattern], fallback: Origin? = nil) {
        self.allowed = allowed
        self.fallback = fallback
        known = Dictionary(
            allowed.compactMap(\.origin).map { ($0.description, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether a text, such as a header `Origin`, is an origin on the allowlist.
    package func allows(_ text: String) -> Bool {
        (try? check(text, .origin, Origin.init(parsing:))) != nil
    }

    /// Refuses what another site makes a browser post.
    /// - Parameter origin: the header `Origin`; `nil` where there is none, as from servers.
    package func check(posting origin: String?) throws(Refusal) {
        if let origin { _ = try check(origin, .origin, Origin.init(parsing:)) }
    }

    /// The allowed origin that a link is to lead to.
    ///
    /// The first claim that is present decides, in the order in which they are declared; one that is not allowed is
    /// refused, never skipped. A browser's `Origin` that is not allowed is refused whatever else is claimed: another
    /// site is posting.
    package func callbackOrigin(for claims: Claims) throws(Refusal) -> Origin {
        let posting: Origin? =
            if let origin = claims.origin { try check(origin, .origin, Origin.init(parsing:)) } else { nil }
        if let body = claims.body { return try check(body, .body, Origin.init(parsing:)) }
        if let header = claims.header { return try check(header, .header, Origin.init(parsing:)) }
        if let posting { return posting }
        if let referer = claims.referer { return try check(referer, .referer, Origin.init(ofURL:)) }
        guard let fallback else { throw .required }
        return fallback
    }

    private func check(
        _ text: String, _ source: Source, _ parse: (String) throws(ParseError) -> Origin
    ) throws(Refusal) -> Origin {
        // Bytes, too, since Swift takes some strings for equal whose bytes are not.
        if let origin = known[text], origin.description.utf8.elementsEqual(text.utf8) { return origin }
        let origin: Origin
        do {
            origin = try parse(text)
        } catch {
            throw .notAllowed(source, error)
        }
        guard allowed.contains(where: { $0.matches(origin) }) else { throw .notAllowed(source, nil) }
        return origin
    }
}

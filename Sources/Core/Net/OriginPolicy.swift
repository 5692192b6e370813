import Bytes

/// Decides which origin a link leads to, and which sites may request one.
package struct OriginPolicy: Sendable {
    /// The origins that a request names, as its own or for its link: one text for each source, `nil` if it is missing.
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

    /// The part of the request that a claim was read from.
    package enum Source: Sendable, Equatable {
        case body, header, origin, referer
    }

    /// The reason that no link is made.
    package enum Refusal: Error, Equatable {
        /// The claim is not on the allowlist; with an error, it is not an origin at all.
        case notAllowed(Source, ParseError?)
        /// The request names no origin, and no fallback is configured.
        case required
    }

    private let allowed: [OriginPattern]
    private let fallback: Origin?
    /// The origins that the allowlist names without wildcards, by their serialization. Browsers send this form, so most
    /// claims need no parsing.
    private let known: [String: Origin]

    /// Whether more than one origin is allowed.
    package var allowsSeveral: Bool { allowed.count > 1 || allowed.contains { $0.origin == nil } }

    /// - Parameters:
    ///   - allowed: the allowlist.
    ///   - fallback: the origin of links whose request names no origin; `nil` refuses such requests.
    package init(allowed: [OriginPattern], fallback: Origin? = nil) {
        self.allowed = allowed
        self.fallback = fallback
        known = Dictionary(
            allowed.compactMap(\.origin).map { ($0.description, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Whether a text, such as the header `Origin`, is an origin on the allowlist.
    package func allows(_ text: String) -> Bool {
        (try? check(text, .origin, Origin.init(parsing:))) != nil
    }

    /// Refuses requests that a site outside the allowlist makes a browser send.
    /// - Parameter origin: the header `Origin`; `nil` if it is missing, as in requests from servers.
    package func check(posting origin: String?) throws(Refusal) {
        if let origin { _ = try check(origin, .origin, Origin.init(parsing:)) }
    }

    /// Returns the allowed origin that a link leads to.
    ///
    /// The first claim that is present decides, in the order of ``Claims``. A claim that is not allowed is refused,
    /// never skipped. An `Origin` that is not allowed is refused whatever the other claims are, because it means that
    /// another site is posting.
    /// - Throws: ``Refusal``.
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
        // Compares the lengths too: some strings equal an ASCII text by Unicode, but their bytes are more.
        if let origin = known[text], origin.description.utf8.count == text.utf8.count { return origin }
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

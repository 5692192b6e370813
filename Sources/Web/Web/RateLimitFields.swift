import Platform
import RawStructuredFieldValues
import Redis

/// The header fields that tell a client its rate limit (draft-ietf-httpapi-ratelimit-headers): `RateLimit-Policy` has
/// the limit, and `RateLimit` the quota that is left.
package struct RateLimitFields: Sendable {
    private let policy: String
    /// The start of `RateLimit`, up to the number of tokens left.
    private let stateStart: String

    /// The fields of a limit by the client's address.
    package init(_ limit: RateLimit) {
        self.init(limit, named: "ip")
    }

    /// - Parameter name: the name of the policy, by what it counts: letters only.
    package init(_ limit: RateLimit, named name: String) {
        policy = RateLimitFields.list(name, ["q": limit.burst, "w": limit.period.secondsRoundedUp])
        stateStart = "\"\(name)\";r="
    }

    /// Adds both fields to a response's.
    /// - Parameter retryAfter: the value of the response's `Retry-After`, than which `t` is not later. Another limit may
    ///   have refused the request.
    package func add(_ quota: Quota, to fields: inout ResponseFields, retryAfter: Duration? = nil) {
        fields.append(.rateLimitPolicy, policy)
        // Built without the serializer because every response has its own. The form is the policy's.
        var state = stateStart
        state.reserveCapacity(40)
        state += String(quota.left)
        state += ";t="
        state += String(min(quota.moreIn, retryAfter ?? quota.moreIn).secondsRoundedUp)
        fields.append(.rateLimit, state)
    }

    /// A list of one string with parameters (RFC 9651 §3.1).
    private static func list(_ name: String, _ parameters: KeyValuePairs<String, Int>) -> String {
        var map: OrderedMap<String, RFC9651BareItem> = [:]
        for (key, value) in parameters { map[key] = .integer(Int64(value)) }
        var serializer = StructuredFieldValueSerializer()
        let item = Item(bareItem: .string(name), parameters: map)
        // Cannot fail: the keys are valid and the integers fit in 15 digits.
        let bytes = try? serializer.writeListFieldValue([.item(item)])
        return String(decoding: bytes ?? [], as: UTF8.self)
    }
}

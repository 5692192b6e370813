import Platform
import RawStructuredFieldValues
import Redis

/// The fields that tell a client how much it may ask for (draft-ietf-httpapi-ratelimit-headers): `RateLimit-Policy` for
/// the limit, `RateLimit` for what is left of it.
package struct RateLimitFields: Sendable {
    private let policy: String

    package init(_ limit: RateLimit) {
        policy = RateLimitFields.list("ip", ["q": limit.burst, "w": limit.period.secondsRoundedUp])
    }

    package func add(_ quota: Quota, to fields: inout ResponseFields) {
        fields.append(.rateLimitPolicy, policy)
        // Written by hand, as each request has its own; it is of the same form as the policy.
        var state = "\"ip\";r="
        state.reserveCapacity(40)
        state += String(quota.left)
        state += ";t="
        state += String(quota.fullIn.secondsRoundedUp)
        fields.append(.rateLimit, state)
    }

    /// A list of one string with parameters (RFC 9651 §3.1).
    private static func list(_ name: String, _ parameters: KeyValuePairs<String, Int>) -> String {
        var map: OrderedMap<String, RFC9651BareItem> = [:]
        for (key, value) in parameters { map[key] = .integer(Int64(value)) }
        var serializer = StructuredFieldValueSerializer()
        let item = Item(bareItem: .string(name), parameters: map)
        // Fails for keys that are none and numbers beyond 15 digits; there are neither.
        let bytes = try? serializer.writeListFieldValue([.item(item)])
        return String(decoding: bytes ?? [], as: UTF8.self)
    }
}

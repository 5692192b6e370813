/// The token buckets that a call takes a token from. The client's bucket comes first, because scripts return the quota
/// of the first one.
package struct Buckets: Sendable {
    private struct Bucket {
        let limit: Limit
        let key: String
        let rate: RateLimit
    }

    private let keyPrefix: String
    private var buckets: [Bucket] = []

    /// - Parameter keyPrefix: the deployment's key prefix.
    package init(keyPrefix: String = "") {
        self.keyPrefix = keyPrefix
    }

    /// The Lua functions for buckets, to be prepended to each script that takes tokens.
    package static let script = PackageResources.Buckets_lua

    /// The reply of a script that takes tokens.
    package struct Outcome {
        /// The script's own result code.
        package let verdict: Int
        /// The limit with the longest wait, and that wait; `nil` if every bucket had a token.
        package let refusal: (limit: Limit, retryAfter: Duration)?
        /// The state of the client's bucket; `nil` if the call has no such bucket.
        package let quota: Quota?
        /// The script's other values.
        package let rest: ArraySlice<RESPValue>
    }

    /// Adds a subject's bucket of a limit, unless the limit is off.
    package mutating func append(_ limit: Limit, of subject: String = "") {
        guard let rate = limit.rate else { return }
        buckets.append(Bucket(limit: limit, key: keyPrefix + limit.keyStart + subject, rate: rate))
    }

    /// The number of buckets.
    var count: Int { buckets.count }

    /// Appends the buckets' keys. They must be the command's last keys.
    func appendKeys(to command: inout RedisCommand) {
        for bucket in buckets { command.append(bucket.key) }
    }

    /// Appends each bucket's burst and microseconds per token. They must be the command's last arguments.
    func appendSettings(to command: inout RedisCommand) {
        for bucket in buckets {
            command.append(bucket.rate.burst)
            command.append(bucket.rate.microsecondsPerToken)
        }
    }

    /// Parses the reply of a script that takes tokens; `nil` if the reply does not have that form.
    /// - Parameter tellsQuota: whether the first bucket is the client's.
    package func outcome(of reply: RESPValue, tellsQuota: Bool) -> Outcome? {
        guard case .array(let values) = reply, values.count >= 5,
            case .integer(let verdict) = values[0], case .integer(let refusing) = values[1],
            case .integer(let wait) = values[2], case .integer(let left) = values[3],
            case .integer(let missing) = values[4], refusing == 0 || buckets.indices.contains(refusing - 1)
        else { return nil }
        return Outcome(
            verdict: verdict,
            refusal: refusing == 0 ? nil : (buckets[refusing - 1].limit, .microseconds(wait)),
            quota: tellsQuota ? Quota(left: left, fullIn: .microseconds(missing)) : nil, rest: values[5...])
    }
}

/// The buckets that a call takes a token from, the client's first: that is the one whose quota scripts tell.
package struct Buckets: Sendable {
    private struct Bucket {
        let name: String
        let key: String
        let rate: RateLimit
    }

    private var buckets: [Bucket] = []

    package init() {}

    /// The start of every script that takes from buckets.
    package static let script = PackageResources.Buckets_lua

    /// What a script that takes from buckets starts its reply with.
    package struct Outcome {
        package let verdict: Int
        /// The limit that made the caller wait the longest, and for how long; `nil` where none did.
        package let refusal: (limit: String, retryAfter: Duration)?
        package let quota: Quota?
        /// What follows.
        package let rest: ArraySlice<RESPValue>
    }

    /// Adds a bucket, where there is a limit.
    package mutating func append(_ name: String, _ rate: RateLimit?, key: @autoclosure () -> String) {
        guard let rate else { return }
        buckets.append(Bucket(name: name, key: key(), rate: rate))
    }

    package var count: Int { buckets.count }

    /// Appends the keys, to stand behind all others.
    package func appendKeys(to command: inout RedisCommand) {
        for bucket in buckets { command.append(bucket.key) }
    }

    /// Appends the settings, to stand behind all other arguments.
    package func appendSettings(to command: inout RedisCommand) {
        for bucket in buckets {
            command.append(bucket.rate.burst)
            command.append(bucket.rate.microsecondsPerToken)
        }
    }

    /// Reads a reply; `nil` where it is not one of such a script.
    /// - Parameter tellsQuota: whether the first bucket is the client's.
    package func outcome(of reply: RESPValue, tellsQuota: Bool) -> Outcome? {
        guard case .array(let values) = reply, values.count >= 5,
            case .integer(let verdict) = values[0], case .integer(let refusing) = values[1],
            case .integer(let wait) = values[2], case .integer(let left) = values[3],
            case .integer(let missing) = values[4], refusing == 0 || buckets.indices.contains(refusing - 1)
        else { return nil }
        return Outcome(
            verdict: verdict,
            refusal: refusing == 0 ? nil : (buckets[refusing - 1].name, .microseconds(wait)),
            quota: tellsQuota ? Quota(left: left, fullIn: .microseconds(missing)) : nil, rest: values[5...])
    }
}

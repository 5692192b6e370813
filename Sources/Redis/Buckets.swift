import NIOCore
import Net

/// The token buckets that a call takes a token from. The client's own buckets come first: scripts return the quota of
/// the first one, and charge a request to them that another bucket refuses.
package struct Buckets: Sendable {
    private struct Bucket {
        let limit: Limit
        let subject: String
        let rate: RateLimit
        /// The number of tokens that a call takes.
        var count = 1
    }

    private let keyPrefix: String
    private var buckets: [Bucket] = []
    /// The number of the client's own buckets.
    private var ownCount: UInt8 = 0
    /// The number of the deployment's bucket, counted from 1; 0 if there is none.
    private var deploymentNumber: UInt8 = 0

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
        /// The limit of the deployment, the tokens that are left of it, and the number that the call takes, if more than
        /// half of the tokens are used; otherwise `nil`.
        package let pressure: (limit: Limit, left: Int, count: Int)?
        /// The script's other values.
        package let rest: ArraySlice<RESPValue>
    }

    /// Adds the client's own buckets of a limit, unless the limit is off: that of its network, and those of the wider
    /// networks around it. They must be added before any others.
    package mutating func append(_ limit: Limit, ofClient client: ClientNetworks) {
        guard let rates = limit.rates else { return }
        append(limit, rates.own, client.own)
        if let middle = client.middle { append(limit, rates.middle, middle) }
        if let widest = client.widest { append(limit, rates.widest, widest) }
        assert(deploymentNumber == 0 && Int(ownCount) < buckets.count, "the client's own buckets come first")
        ownCount = UInt8(buckets.count)
    }

    /// Adds the buckets of a limit for a subject and the client together, unless the limit is off: that of the client's
    /// own network, and one of the widest around it, which has as many tokens as one for its middle network would.
    package mutating func append(_ limit: Limit, of subject: String, from client: ClientNetworks) {
        guard let rates = limit.rates else { return }
        append(limit, rates.own, "\(subject):\(client.own)")
        if let widest = client.widest { append(limit, rates.middle, "\(subject):\(widest)") }
    }

    /// Adds a subject's bucket of a limit, unless the limit is off.
    package mutating func append(_ limit: Limit, of subject: String) {
        guard let rates = limit.rates else { return }
        append(limit, rates.own, subject)
    }

    /// Adds the one bucket of a limit for the whole deployment, unless the limit is off. At most one limit of a call is
    /// of that kind.
    /// - Parameter count: the number of tokens to take from it.
    package mutating func append(ofDeployment limit: Limit, count: Int = 1) {
        guard let rates = limit.rates else { return }
        append(limit, rates.own, "")
        buckets[buckets.count - 1].count = count
        deploymentNumber = UInt8(buckets.count)
    }

    private mutating func append(_ limit: Limit, _ rate: RateLimit, _ subject: String) {
        if buckets.isEmpty { buckets.reserveCapacity(8) }
        buckets.append(Bucket(limit: limit, subject: subject, rate: rate))
    }

    /// The number of buckets.
    package var count: Int { buckets.count }

    /// The number of the client's own buckets.
    package var clientCount: Int { Int(ownCount) }

    /// Appends the buckets' keys. They must be the command's last keys.
    func appendKeys(to command: inout RedisCommand) {
        for bucket in buckets { command.append(keyPrefix, bucket.limit.keyStart, bucket.subject) }
    }

    /// Appends the buckets' settings in one text, in the form that Buckets.lua describes, if there are buckets. It must
    /// be the command's last argument.
    func appendSettings(to command: inout RedisCommand) {
        guard !buckets.isEmpty else { return }
        command.append(byteCount: 2 + 16 * buckets.count) { text in
            text.writeInteger(ownCount)
            text.writeInteger(deploymentNumber)
            for bucket in buckets {
                text.writeInteger(UInt64(bucket.rate.capacityMicroseconds))
                text.writeInteger(UInt64(bucket.rate.microsecondsPerToken * bucket.count))
            }
        }
    }

    /// Parses the reply of a script that takes tokens; `nil` if the reply does not have that form.
    /// - Parameter tellsQuota: whether the first bucket is the client's.
    package func outcome(of reply: RESPValue, tellsQuota: Bool) -> Outcome? {
        guard case .array(let values) = reply, values.count >= 6,
            case .integer(let verdict) = values[0], case .integer(let refusing) = values[1],
            case .integer(let wait) = values[2], case .integer(let left) = values[3],
            case .integer(let missing) = values[4], case .integer(let shared) = values[5],
            (0...buckets.count).contains(refusing), wait >= 0, left >= 0, missing >= 0,
            shared < 0 || deploymentNumber > 0, shared < 1 << 31
        else { return nil }
        let deployment = deploymentNumber > 0 ? buckets[Int(deploymentNumber) - 1] : nil
        return Outcome(
            verdict: verdict,
            refusal: refusing == 0 ? nil : (buckets[refusing - 1].limit, .microseconds(wait)),
            quota: tellsQuota ? quota(left: left, missing: missing) : nil,
            pressure: shared < 0 ? nil : deployment.map { ($0.limit, left: $0.count * shared, count: $0.count) },
            rest: values[6...])
    }

    /// The state of the first bucket.
    /// - Parameter missing: the time until it is full, in microseconds.
    private func quota(left: Int, missing: Int) -> Quota? {
        guard let rate = buckets.first?.rate else { return nil }
        let moreIn = missing == 0 ? 0 : (missing - 1) % rate.microsecondsPerToken + 1
        return Quota(left: left, moreIn: .microseconds(moreIn))
    }
}

import Testing
import TestSupport

@Suite(.timeLimit(.minutes(2)))
struct LambdaClientTests {
    /// Settings that admit two requests from each client in an hour.
    private let settings = ["POSTERN_IP_LIMIT": "2/1h"]

    @Test(
        "the client is the trigger's source address, with or without a port; an IPv6 /64 is one client",
        arguments: LambdaShape.allCases)
    func client(shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address, settings)
        let table = [
            ("203.0.113.7", 200), ("203.0.113.7:4711", 200), ("203.0.113.7:4712", 429), ("203.0.113.7", 429),
            ("203.0.113.8:4711", 200), ("2001:db8:1:2::1", 200), ("2001:db8:1:2:ffff::2", 200),
            ("2001:db8:1:2::3", 429), ("[2001:db8:1:2::4]:4711", 429), ("2001:db8:1:3::1", 200),
        ]
        for (index, (client, status)) in table.enumerated() {
            let request = LambdaRequest.signIn().with { request in
                request.client = client
                // A different entry in each request, which must not change the client.
                request.fields.append((name: "X-Forwarded-For", value: "198.51.100.\(index)"))
            }
            let answer = try await lambda.answer(to: request, as: shape)
            #expect(answer.status == status, "\(client)")
            #expect(answer["RateLimit-Policy"] == #""ip";q=2;w=3600"#)
            #expect(answer.fault(as: shape) == nil)
        }
    }

    @Test(
        "behind a trusted proxy, the client is the hop before it",
        arguments: [LambdaShape.httpAPI, .functionURL, .loadBalancer, .loadBalancerMultiValue])
    func trustedProxy(shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(
            redis: redis.address, settings.merging(["POSTERN_TRUSTED_PROXIES": "203.0.113.0/24"]) { _, own in own })
        let table = [
            ("198.51.100.1", "203.0.113.7", 200), ("198.51.100.1", "203.0.113.8", 200),
            ("198.51.100.1", "203.0.113.9", 429), ("198.51.100.2", "203.0.113.7", 200),
            // An untrusted proxy, whose entries are ignored.
            ("198.51.100.3", "192.0.2.1", 200), ("198.51.100.4", "192.0.2.1", 200), ("198.51.100.5", "192.0.2.1", 429),
        ]
        for (hop, client, status) in table {
            let request = LambdaRequest.signIn().with { request in
                request.client = client
                request.fields.append((name: "X-Forwarded-For", value: hop))
            }
            #expect(try await lambda.answer(to: request, as: shape).status == status, "\(hop), \(client)")
        }
    }
}

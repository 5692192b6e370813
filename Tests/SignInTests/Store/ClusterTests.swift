import Cryptography
import Net
import Platform
import Redis
import TestSupport
import Testing

@testable import MailQueue
@testable import SignIn

/// All scripts of sign-in and of the queue on a real Redis Cluster.
@Suite(.timeLimit(.minutes(3)))
struct ClusterTests {
    private static let prefix = "{postern}:"
    private static let client = IPAddress.v4(0xC000_0201)

    @Test("on a cluster of three primaries each script runs, and uses only the keys that it was given")
    func declaredKeys() async throws {
        let cluster = try await RedisCluster()
        let node = try cluster.node(of: ClusterTests.prefix + "mail")
        let monitor = try await RedisMonitor(node)
        let scripts = SignInScripts().all + QueueScripts(keys: QueueKeys(prefix: "")).all
        // All scripts are loaded in advance, so that they are called by their digests.
        let redis = try await StoreHarness.client(for: node, scripts: scripts)
        try await signIn(redis)
        try await deliver(redis)

        let calls = try await monitor.scriptCalls()
        for script in scripts {
            let digest = Digest.sha1.hex(of: Array(script.text.utf8))
            let own = calls.filter { $0.digest == digest }
            #expect(!own.isEmpty, "\(script.text.prefix { $0 != "." })")
            for call in own { #expect(call.usedKeys.isSubset(of: call.keys), "\(script.text.prefix { $0 != "." })") }
            #expect(own.contains { !$0.usedKeys.isEmpty })
        }
    }

    private func store(_ redis: RedisClient) throws -> SignInStore {
        let policy = try StoreHarness.policy(
            limits: .init(
                client: limit("1000/1d"), recipient: limit("1000/1d"), deployment: limit("1000/1d"),
                verification: limit("1000/1d"), code: limit("1000/1d")),
            retention: .seconds(3600))
        return try StoreHarness.store(redis, policy, keyPrefix: ClusterTests.prefix)
    }

    /// Requests links, inspects and exchanges them, and signs in with each kind of credential.
    private func signIn(_ redis: RedisClient) async throws {
        let store = try store(redis)
        for kind in CredentialKind.allCases {
            let link = try StoreHarness.link()
            let handle = try CodeHandle(at: link.token.place, random: .system)
            let code = try sixDigits("271828")
            let request = SignInRequest(
                link: link, recipient: try #require(EmailAddress(parsing: "ada@example.com")),
                codeRequest: SignInRequest.CodeRequest(handle: handle, code: code))
            guard case .admitted = try await store.admit(request, from: ClusterTests.client, at: .now()) else {
                Issue.record("it was not admitted")
                return
            }
            #expect(try await store.state(of: link.token).word == "live")
            let wrong = try await store.verify(.code(try sixDigits("000000"), of: handle))
            #expect(wrong.isRefused)
            var credential = Credential.token(link.token)
            if kind == .code { credential = .code(code, of: handle) }
            if kind == .exchangeToken {
                let exchangeToken = try LoginToken(at: link.token.place, random: .system)
                let result = try await store.exchange(link.token, for: exchangeToken, from: ClusterTests.client)
                #expect(result.word == "exchanged")
                credential = .token(exchangeToken)
            }
            #expect(try await store.verify(credential).address == "ada@example.com")
            #expect(try await store.verify(credential).isRefused)
        }
    }

    /// Delivers, retries, gives up, requeues and reclaims jobs.
    private func deliver(_ redis: RedisClient) async throws {
        let queue = MailQueue(claims: redis, commands: redis, keyPrefix: ClusterTests.prefix, worker: "one")
        let other = MailQueue(claims: redis, commands: redis, keyPrefix: ClusterTests.prefix, worker: "two")
        // The jobs came with their group. This is what a worker does before the first job.
        try await QueueScripts(keys: QueueKeys(prefix: ClusterTests.prefix)).join(.bulk, on: redis)
        let jobs = try await queue.claim(atMost: 10, waiting: .milliseconds(100))
        let first = try #require(jobs.first?.job)
        #expect(jobs.count == 3)
        try await queue.acknowledge(jobs[0])
        #expect(try await queue.retryLater(jobs[1], first, by: .zero, attempts: 1))
        #expect(try await queue.promoteDue(atMost: 10) == 1)
        try await queue.deadLetter(jobs[2], DeadLetterCause(reason: .rejected, attempts: 1))
        let operations = QueueOperations(redis: redis, keyPrefix: ClusterTests.prefix)
        let dead = try #require(jobs[2].job?.id)
        #expect(try await operations.retry(dead))
        let again = try await queue.claim(atMost: 10, waiting: .milliseconds(100))
        #expect(again.count == 2)
        #expect(try await other.reclaim(atMost: 10, idleFor: .zero).count == 2)
        try await queue.leave()
    }
}

import Foundation
import SignIn
import TestSupport
import Testing
import Web

/// Redis is in foreign hands: its replies are RESP2, but not those of the scripts.
@Suite(.timeLimit(.minutes(5)))
struct HostileRepliesTests {
    private static let limits = SignInLimits(
        client: try? limit("1000/1d"), recipient: try? limit("1000/1d"), mailbox: try? limit("1000/1d"),
        deployment: try? limit("1000/1d"), verification: try? limit("1000/1d"), code: try? limit("1000/1d"),
        deploymentCodes: try? limit("1000/1d"))

    @Test("whatever Redis replies, every request is answered, and later ones as ever", arguments: [1, 2, 3, 4])
    func requests(seed: UInt64) async throws {
        let server = try await RedisServer()
        let hostile = try HostileRedis(inFrontOf: server, seed: seed)
        let publicURL = try PublicURL(parsing: "https://auth.example")
        let fair = try await SignInHarness(server, publicURL: publicURL)
        let tried = try await SignInHarness(
            server, at: hostile.url(), limits: HostileRepliesTests.limits, publicURL: publicURL, issuer: .sample())
        var statuses: Set<Int> = []
        for _ in 0..<50 {
            let requested = try await fair.requestCode()
            for request in [
                Request.signIn(), .view(requested.token), .press(requested.token), .verify(requested.token),
                .verify(code: requested.code, of: requested.handle), .get("/readyz"),
            ] {
                await hostile.whileHostile {
                    let response = await tried.respond(to: request)
                    statuses.insert(response.status.rawValue)
                    if response.status == .ok, let email = response.member("email") {
                        #expect(email as? String == "ada@example.com")
                    }
                }
            }
        }
        #expect(statuses.isSubset(of: [200, 303, 400, 410, 429, 500, 503]), "\(statuses)")
        #expect(statuses.isSuperset(of: [200, 503]))
        while await tried.respond(to: .signIn()).status != .ok { try await Task.sleep(for: .milliseconds(5)) }
    }
}

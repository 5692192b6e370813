import Platform
import Redis
import TestSupport
import Testing
import Web

@testable import APIKeys

@Suite(.timeLimit(.minutes(2)))
struct RevocationTests {
    @Test("of 64 keys that are used and revoked at once, none is accepted by any process after its revocation returned")
    func concurrent() async throws {
        let server = try await RedisServer()
        let processes = [try await APIKeysHarness(server), try await APIKeysHarness(server)]
        var keys: [APIKey] = []
        for number in 0..<64 { keys.append(try await processes[0].newKey("n\(number)")) }
        for key in keys { #expect(await processes[1].use(key).status == .ok) }

        let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
            for (index, key) in keys.enumerated() {
                let isRevoked = Mutexed(false)
                group.addTask {
                    let store = processes[index % 2].store
                    let revoked = try await store.revoke(key.digest.id, by: "ada", at: .now())
                    isRevoked.value = true
                    return revoked == nil ? 1000 : 0
                }
                for process in processes {
                    group.addTask {
                        // Requests that begin before the revocation returned may be accepted, and none after it.
                        var (accepted, rest) = (0, 20)
                        while rest > 0 {
                            let beganAfter = isRevoked.value
                            let isAccepted = await process.use(key).status == .ok
                            if beganAfter {
                                accepted += isAccepted ? 1 : 0
                                rest -= 1
                            }
                        }
                        return accepted
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(accepted == 0)
        #expect(try await processes[0].store.list() == [])
    }
}

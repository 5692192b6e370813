import Redis
import TestSupport
import Testing
import Web

@testable import SignIn
@testable import SignInLinks

@Suite
struct PlaceOfLinksTests {
    private func isLive(_ token: String, _ harness: LinksHarness) async -> Bool {
        await harness.page(of: token).status == 200
    }

    @Test("requests of strangers do not end a trusted caller's link")
    func strangers() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server, ["POSTERN_RECIPIENT_LIMIT": "off", "POSTERN_IP_LIMIT": "off"])
        let link = await harness.issue(#","send":false,"lifetime":"7d""#)
        let body = #"{"email":"ada@example.com","callback_origin":"https://portal.example"}"#
        for _ in 0..<10 { #expect(await harness.post("/auth/send-magic-link", body).status == 200) }
        #expect(await isLive(link.token, harness))
    }

    @Test("a newer link supersedes the earlier ones of its purpose, unless several may work")
    func newest() async throws {
        for (setting, isLiveAfter) in [("on", false), ("off", true)] {
            let server = try await RedisServer()
            let harness = try await LinksHarness(server, ["POSTERN_NEWEST_LINK_ONLY": setting])
            let invite = await harness.issue(#","send":false,"purpose":"invite""#)
            let signIn = await harness.issue(#","send":false"#)
            #expect(await isLive(invite.token, harness))
            let newer = await harness.issue(#","send":false,"purpose":"invite""#)
            #expect(await isLive(invite.token, harness) == isLiveAfter)
            #expect(await isLive(signIn.token, harness))
            #expect(await isLive(newer.token, harness))
        }
    }

    @Test("the confirmation page does not say that the person asked, and sends no other link")
    func page() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let token = await harness.issue(#","send":false,"purpose":"invite""#).token
        let live = await harness.page(of: token)
        #expect(live.text.contains("Continue to portal.example"))
        #expect(!live.text.contains("You asked"))
        _ = await harness.issue(#","send":false,"purpose":"invite""#)
        let superseded = await harness.page(of: token)
        #expect(superseded.status == 410)
        #expect(superseded.text.contains("Ask whoever sent it to you for a new one."))
        #expect(!superseded.text.contains("<form"))
        // Nor does a form that somebody else made.
        #expect(await harness.page(of: token, pressing: "token=\(token)&again=1").status == 410)
        #expect(try await harness.jobs().isEmpty)
    }

    @Test("a portal that binds its own links to browsers can send its verifier with these links, too")
    func verifier() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let verifier = #""code_verifier":"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk""#
        let link = await harness.issue(#","send":false"#)
        let exchanged = await harness.page(of: link.token, pressing: "token=\(link.token)").redirectedToken
        let verified = await harness.post("/auth/verify-magic-link", #"{"token":"\#(exchanged)",\#(verifier)}"#)
        #expect(verified.status == 200)
        let other = await harness.issue(#","send":false"#)
        let (code, handle) = (try #require(other["code"]), try #require(other["request_id"]))
        let body = #"{"request_id":"\#(handle)","code":"\#(code)",\#(verifier)}"#
        #expect(await harness.post("/auth/verify-code", body).status == 200)
    }

    @Test("the names of keys and arguments are those at the start of the script, in order")
    func script() throws {
        let file = try #require(ScriptText.scripts(in: "Features/SignIn/TrustedRoutes").first)
        #expect(file.keyNames == issueLink.source.keyNames)
        #expect(file.argumentNames == issueLink.source.argumentNames)
        #expect(file.describedNames().keys == file.keyNames)
        #expect(file.describedNames().arguments == file.argumentNames)
    }

    @Test("on a cluster the script uses only the keys that it was given")
    func declaredKeys() async throws {
        let cluster = try await RedisCluster()
        let node = try cluster.node(of: "{postern}:mail")
        let monitor = try await RedisMonitor(node)
        let harness = try await LinksHarness(node, ["POSTERN_KEY_PREFIX": "{postern}:"])
        for key in ["k", "k", nil] { #expect(await harness.issue(key: key).status == 200) }
        let calls = try await monitor.scriptCalls().filter { $0.keys.contains("{postern}:mail") }
        #expect(calls.count >= 3)
        for call in calls { #expect(call.usedKeys.isSubset(of: call.keys)) }
    }
}

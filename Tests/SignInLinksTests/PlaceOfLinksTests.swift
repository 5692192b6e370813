import Cryptography
import MailQueue
import Net
import Platform
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

    @Test(
        "eight links of one API key and purpose work at once, and a ninth pushes the oldest out",
        arguments: ["on", "off"])
    func several(setting: String) async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server, ["POSTERN_NEWEST_LINK_ONLY": setting])
        let signIn = await harness.issue(#","send":false"#)
        let other = await harness.issue(#","send":false,"purpose":"invite""#, caller: "two")
        var invitations: [String] = []
        for _ in 0..<9 { invitations.append(await harness.issue(#","send":false,"purpose":"invite""#).token) }
        for token in invitations.dropFirst() + [signIn.token, other.token] { #expect(await isLive(token, harness)) }
        let oldest = await harness.page(of: invitations[0])
        #expect(oldest.status == 410)
        #expect(!oldest.text.contains("<form"))
    }

    @Test("a used link does not end the others of its place")
    func used() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let (first, second) = (await harness.issue(#","send":false"#), await harness.issue(#","send":false"#))
        let exchanged = await harness.page(of: second.token, pressing: "token=\(second.token)").redirectedToken
        #expect(await harness.post("/auth/verify-magic-link", #"{"token":"\#(exchanged)"}"#).status == 200)
        #expect(await isLive(first.token, harness))
        #expect(await !isLive(second.token, harness))
    }

    @Test("no email says that only the newest link works")
    func mails() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        _ = await harness.issue()
        #expect(try await harness.jobs().map(\.isNewestOnly) == [false])
    }

    @Test("a call that is repeated because its reply was lost stores one link and one job")
    func lostReply() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let caller = Caller(id: "one", name: "one")
        let recipient = try #require(EmailAddress(parsing: "ada@example.com"))
        let portal = try Origin(parsing: "https://portal.example")
        let place = harness.store.place(for: recipient, portal, .invite, of: caller)
        let link = MagicLink(
            origin: portal, callbackPath: harness.store.policy.callbackPath,
            token: try LoginToken(at: place, random: .system), next: nil)
        let request = LinkRequest(
            link: link, recipient: recipient, purpose: .invite, claims: nil, lifetime: .seconds(900),
            language: try Language(parsing: "en"), isMailed: true, code: nil, issuedAt: .now())
        for _ in 0..<2 {
            let outcome = try await harness.store.issue(request, answering: nil, from: harness.answers)
            guard case .issued = outcome else { throw NotAsExpected() }
        }
        #expect(try await harness.jobs().count == 1)
        let script = String(decoding: SignInStore.linkFunctions, as: UTF8.self) + "return #links_at(KEYS[1])"
        let key = try #require(try await harness.names("*:links:*").first)
        #expect(try await harness.integer(RedisCommand("EVAL", script, "1", key)) == 1)
    }

    @Test("the confirmation page does not say that the person asked, and sends no other link")
    func page() async throws {
        let server = try await RedisServer()
        let harness = try await LinksHarness(server)
        let token = await harness.issue(#","send":false,"purpose":"invite""#).token
        let live = await harness.page(of: token)
        #expect(live.text.contains("Continue to portal.example"))
        #expect(!live.text.contains("You asked"))
        try await harness.pass(.seconds(900))
        let expired = await harness.page(of: token)
        #expect(expired.status == 410)
        #expect(expired.text.contains("Ask whoever sent it to you for a new one."))
        #expect(!expired.text.contains("<form"))
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
        let files = try ScriptText.scripts(in: "Features/SignIn/TrustedRoutes")
        #expect(ScriptText.differences(in: files, from: [issueLink.source]) == [])
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

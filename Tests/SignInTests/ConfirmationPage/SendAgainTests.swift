import MailQueue
import Net
import Redis
import SignIn
import Testing
import TestSupport
import Web

@Suite
struct SendAgainTests {
    private func harness(
        _ server: RedisServer, limits: SignInLimits? = nil, maximumQueueLength: Int = 1000
    ) async throws -> SignInHarness {
        try await SignInHarness(
            server, limits: limits ?? SignInHarness.noLimits, maximumQueueLength: maximumQueueLength,
            publicURL: PublicURL(parsing: "https://door.example"))
    }

    /// Why a link cannot be opened.
    enum State: String, Sendable, CaseIterable {
        case used, expired, superseded
    }

    /// A mailed token that came to be in some state.
    private func token(_ state: State, _ members: String, _ harness: SignInHarness) async throws -> String {
        let address = "quetzal+x@example.com"
        let token = try await harness.mailed(address, members, origin: "https://body.example").token
        switch state {
        case .used:
            let verifier = members.contains(SampleChallenge.challenge) ? SampleChallenge.verifier : nil
            #expect(await harness.respond(to: .verify(token, verifier: verifier)).status == .ok)
        case .expired: try await harness.expire(token)
        case .superseded: _ = try await harness.mailed(address, members, origin: "https://body.example")
        }
        return token
    }

    @Test("for a link that works none is sent: the page shows it, with its button")
    func live() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.mailed().token
        let response = await harness.respond(to: .press(token, isForAgain: true))
        #expect(response.status == .ok)
        #expect(ConfirmationHTML(response).values(of: "value") == [token])
        #expect(try await harness.jobs().count == 1)
    }

    @Test(
        "the new link goes to the whole address, with the same portal, path and challenge",
        arguments: SendAgainTests.State.allCases)
    func sent(state: State) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let members = #","callback_next":"/invoices?a=b""# + SampleChallenge.member
        let token = try await token(state, members, harness)
        let before = try await harness.jobs()

        let more = [("Accept-Language", "de"), ("Host", "evil.example"), ("Origin", "https://portal.example")]
        let response = await harness.respond(to: .press(token, isForAgain: true, more: more))
        #expect(response.status == .ok)
        #expect(response.fields[.location] == nil)
        let jobs = try await harness.jobs()
        #expect(jobs.count == before.count + 1)
        let job = try #require(jobs.last)
        #expect(job.recipient.text == "quetzal+x@example.com")
        #expect(job.origin.description == "https://body.example")
        #expect(job.language == .german)
        #expect(job.code == nil)
        #expect(job.token != token)
        #expect(job.link == "https://door.example/auth/open?token=\(job.token)")
        #expect(!response.text.contains(job.token) && !response.text.contains("quetzal"))

        let press = await harness.respond(to: .press(job.token))
        let location = try #require(press.fields[.location])
        let start = "https://body.example/auth/callback?token="
        try #require(location.hasPrefix(start) && location.hasSuffix("&next=%2Finvoices%3Fa%3Db"))
        let fresh = String(location.dropFirst(start.count).prefix(43))
        // The challenge is the first link's: whoever asked alone gets in.
        #expect(await harness.respond(to: .verify(fresh)).code == "token_invalid")
        let verified = await harness.respond(to: .verify(fresh, verifier: SampleChallenge.verifier))
        #expect(verified.text == #"{"ok":true,"email":"quetzal+x@example.com","callback_next":"/invoices?a=b"}"#)
    }

    @Test("the new link ends the one that still worked, and a used one stays used")
    func endsEarlier() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let used = try await token(.used, "", harness)
        let live = try await harness.mailed("quetzal+x@example.com", origin: "https://body.example").token
        #expect(await harness.respond(to: .press(used, isForAgain: true)).status == .ok)
        let ended = ConfirmationHTML(await harness.respond(to: .look(live)))
        #expect(ended.content(of: "h1") == "A newer link was sent")
        #expect(await harness.respond(to: .verify(live)).code == "token_invalid")
        let still = ConfirmationHTML(await harness.respond(to: .look(used)))
        #expect(still.content(of: "h1") == "This link was already used")
    }

    @Test("who asks for more than the address may get is shown a page with the time to wait, and no mail goes out")
    func limited() async throws {
        let server = try await RedisServer()
        let limits = SignInLimits(
            client: nil, recipient: try RateLimit(parsing: "2/1d"), deployment: nil)
        let harness = try await harness(server, limits: limits)
        let token = try await token(.used, "", harness)
        // From another client each time: it is the recipient's limit.
        let first = await harness.respond(to: .press(token, isForAgain: true, peer: "192.0.2.7"))
        #expect(first.status == .ok)
        let before = try await harness.contents()
        let response = await harness.respond(to: .press(token, isForAgain: true, peer: "192.0.2.8"))
        #expect(response.status == .tooManyRequests)
        #expect(ConfirmationHTML(response).content(of: "h1") == "Please wait a moment")
        let wait = try #require(response.fields[.retryAfter])
        let seconds = try #require(Int(wait))
        #expect((1...43_200).contains(seconds))
        #expect(response.text.contains("Try again in \(wait)\u{A0}sec."))
        #expect(response.fields[.contentType] == "text/html; charset=utf-8")
        #expect(!response.text.contains("quetzal"))
        #expect(try await harness.contents() == before)
        // Asking at the portal takes from the same bucket.
        let request = Request.signIn(#"{"email":"quetzal+x@example.com"}"#)
        #expect(await harness.respond(to: request).status == .tooManyRequests)
    }

    @Test("the client's limit and the deployment's count for it, too", arguments: [false, true])
    func otherLimits(isClient: Bool) async throws {
        let server = try await RedisServer()
        let limit = try RateLimit(parsing: "1/1d")
        let limits = SignInLimits(
            client: isClient ? limit : nil, recipient: nil, deployment: isClient ? nil : limit)
        let harness = try await harness(server, limits: limits)
        let token = try await token(.used, "", harness)
        let response = await harness.respond(to: .press(token, isForAgain: true))
        #expect(response.status == .tooManyRequests)
        #expect(response.fields[.retryAfter] != nil)
        #expect(try await harness.jobs().count == 1)
    }

    @Test("where too many mails wait, the page asks to try again later")
    func queueFull() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server, maximumQueueLength: 1)
        let token = try await token(.used, "", harness)
        let response = await harness.respond(to: .press(token, isForAgain: true))
        #expect(response.status == .serviceUnavailable)
        #expect(response.fields[.retryAfter] == "30")
        #expect(ConfirmationHTML(response).content(of: "h1") == "Not available right now")
        #expect(ConfirmationHTML(response).values(of: "href") == ["open?token=\(token)"])
        #expect(try await harness.jobs().count == 1)
    }

    @Test(
        "the field is read wherever it stands",
        arguments: ["again=1&token=*", "token=*&%61gain=1", "a=b&token=*&again=1&c"])
    func field(text: String) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await token(.expired, "", harness)
        let form = text.replacing("*", with: token)
        let request = Request.json("/auth/open", form, contentType: "application/x-www-form-urlencoded")
        #expect(await harness.respond(to: request).status == .ok)
        #expect(try await harness.jobs().count == 2)
    }

    @Test("a look never asks for it, whatever its query says")
    func look() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await token(.expired, "", harness)
        let before = try await harness.contents()
        for method in [Method.get, .head] {
            var request = Request.look(token, method: method)
            request.query += "&again=1"
            #expect(await harness.respond(to: request).status == .gone)
        }
        #expect(try await harness.contents() == before)
    }
}

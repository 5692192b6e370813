import MailQueue
import Net
import Redis
import SignIn
import TestSupport
import Testing
import Web

@Suite
struct SendAgainTests {
    private func harness(
        _ server: RedisServer, limits: SignInLimits? = nil, maximumQueueLength: Int = 1000
    ) async throws -> SignInHarness {
        try await SignInHarness(
            server, limits: limits ?? SignInHarness.noLimits, maximumQueueLength: maximumQueueLength,
            publicURL: PublicURL(parsing: "https://auth.example"))
    }

    /// The reason that a link cannot be opened.
    enum State: String, Sendable, CaseIterable {
        case used, expired, superseded
    }

    /// A mailed token in a given state.
    private func token(_ state: State, _ members: String, _ harness: SignInHarness) async throws -> String {
        let address = "quetzal+x@example.com"
        let token = try await harness.requestLink(address, members, origin: "https://body.example").token
        switch state {
        case .used:
            let verifier = members.contains(SampleChallenge.challenge) ? SampleChallenge.verifier : nil
            #expect(
                await harness.respond(to: .verify(token, verifier: verifier, portal: "https://body.example")).status
                    == .ok)
        case .expired: try await harness.expire(token)
        case .superseded:
            let newer = try await harness.requestLink(address, members, origin: "https://body.example").token
            if !members.contains(SampleChallenge.challenge) {
                #expect(await harness.respond(to: .verify(newer, portal: "https://body.example")).status == .ok)
            }
        }
        return token
    }

    @Test("for a link that works no other link is sent; the page shows its button")
    func live() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await harness.requestLink().token
        let response = await harness.respond(to: .press(token, sendsAgain: true))
        #expect(response.status == .ok)
        #expect(ConfirmationHTML(response).values(of: "value") == [token])
        #expect(try await harness.jobs().count == 1)
    }

    @Test(
        "the new link goes to the same address, with the same portal, path and challenge",
        arguments: SendAgainTests.State.allCases)
    func sent(state: State) async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let members = #","callback_next":"/invoices?a=b""# + SampleChallenge.member
        let token = try await token(state, members, harness)
        let before = try await harness.jobs()

        let more = [("Accept-Language", "de"), ("Host", "evil.example"), ("Origin", "https://auth.example")]
        let response = await harness.respond(to: .press(token, sendsAgain: true, more: more))
        #expect(response.status == .ok)
        #expect(response.fields[.location] == nil)
        let jobs = try await harness.jobs()
        #expect(jobs.count == before.count + 1)
        let job = try #require(jobs.last)
        #expect(job.recipient.text == "quetzal+x@example.com")
        #expect(job.portal == "body.example")
        #expect(job.language == "de")
        #expect(job.code == nil)
        #expect(job.token != token)
        #expect(job.link == "https://auth.example/auth/open?token=\(job.token)")
        #expect(!response.text.contains(job.token) && !response.text.contains("quetzal"))

        let press = await harness.respond(to: .press(job.token))
        let location = try #require(press.fields[.location])
        let start = "https://body.example/auth/callback?token="
        try #require(location.hasPrefix(start) && location.hasSuffix("&next=%2Finvoices%3Fa%3Db"))
        let exchangeToken = String(location.dropFirst(start.count).prefix(43))
        // The challenge is the first link's: only the browser that requested it has the verifier.
        #expect(
            await harness.respond(to: .verify(exchangeToken, portal: "https://body.example")).code == "token_invalid")
        let verified = await harness.respond(
            to: .verify(exchangeToken, verifier: SampleChallenge.verifier, portal: "https://body.example"))
        #expect(
            verified.text
                == #"{"ok":true,"email":"quetzal+x@example.com","callback_origin":"https://body.example","callback_next":"/invoices?a=b"}"#
        )
    }

    @Test("the new link supersedes one of the same browser that still works, and a used one stays used")
    func supersedesEarlier() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let members = SampleChallenge.member
        let used = try await token(.used, members, harness)
        let live = try await harness.requestLink("quetzal+x@example.com", members, origin: "https://body.example").token
        #expect(await harness.respond(to: .press(used, sendsAgain: true)).status == .ok)
        let superseded = ConfirmationHTML(await harness.respond(to: .view(live)))
        #expect(superseded.content(of: "h1") == "A newer link was sent")
        let verified = await harness.respond(
            to: .verify(live, verifier: SampleChallenge.verifier, portal: "https://body.example"))
        #expect(verified.code == "token_invalid")
        let still = ConfirmationHTML(await harness.respond(to: .view(used)))
        #expect(still.content(of: "h1") == "This link was already used")
    }

    @Test("a request beyond the recipient's limit shows a page with the time to wait, and no email is queued")
    func limited() async throws {
        let server = try await RedisServer()
        let limits = SignInLimits(
            client: nil, recipient: nil, mailbox: try RateLimit(parsing: "2/1d"), deployment: nil)
        let harness = try await harness(server, limits: limits)
        let token = try await token(.used, "", harness)
        // From another client each time, so that the recipient's limit refuses.
        let first = await harness.respond(to: .press(token, sendsAgain: true, peer: "192.0.2.7"))
        #expect(first.status == .ok)
        let before = try await harness.contents()
        let response = await harness.respond(to: .press(token, sendsAgain: true, peer: "192.0.2.8"))
        #expect(response.status == .tooManyRequests)
        #expect(ConfirmationHTML(response).content(of: "h1") == "Please wait a moment")
        let wait = try #require(response.fields[.retryAfter])
        let seconds = try #require(Int(wait))
        #expect((1...43_200).contains(seconds))
        #expect(response.text.contains("Try again in \(wait)\u{A0}sec."))
        #expect(response.fields[.contentType] == "text/html; charset=utf-8")
        #expect(!response.text.contains("quetzal"))
        #expect(try await harness.contents() == before)
        // Requests from the portal's page take from the same bucket.
        let request = Request.signIn(#"{"email":"quetzal+x@example.com"}"#)
        #expect(await harness.respond(to: request).status == .tooManyRequests)
    }

    @Test("the limits of the client and of the deployment apply, too", arguments: [false, true])
    func otherLimits(isClient: Bool) async throws {
        let server = try await RedisServer()
        let limit = try RateLimit(parsing: "1/1d")
        let limits = SignInLimits(
            client: isClient ? limit : nil, recipient: nil, deployment: isClient ? nil : limit)
        let harness = try await harness(server, limits: limits)
        let token = try await token(.used, "", harness)
        let response = await harness.respond(to: .press(token, sendsAgain: true))
        #expect(response.status == .tooManyRequests)
        #expect(response.fields[.retryAfter] != nil)
        #expect(try await harness.jobs().count == 1)
    }

    @Test("if the mail queue is full, the page offers to try again later")
    func queueFull() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server, maximumQueueLength: 1)
        let token = try await token(.used, "", harness)
        let response = await harness.respond(to: .press(token, sendsAgain: true))
        #expect(response.status == .serviceUnavailable)
        #expect(response.fields[.retryAfter] == "30")
        #expect(ConfirmationHTML(response).content(of: "h1") == "Not available right now")
        #expect(ConfirmationHTML(response).values(of: "href") == ["open?token=\(token)"])
        #expect(try await harness.jobs().count == 1)
    }

    @Test(
        "the field is read at any position",
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

    @Test("viewing the page never sends a link, whatever its query says")
    func view() async throws {
        let server = try await RedisServer()
        let harness = try await harness(server)
        let token = try await token(.expired, "", harness)
        let before = try await harness.contents()
        for method in [Method.get, .head] {
            var request = Request.view(token, method: method)
            request.query += "&again=1"
            #expect(await harness.respond(to: request).status == .gone)
        }
        #expect(try await harness.contents() == before)
    }
}

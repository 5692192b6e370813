import MailQueue
import Net
import Redis
import SignIn
import TestSupport
import Testing
import Web

/// The lines of the audit, by which a sign-in can be followed.
@Suite
struct SignInAuditTests {
    private struct Mailed {
        let token: String
        let code: String
        let handle: String
    }

    /// The members of a line, without its level and message.
    private func members(_ line: String) -> [String: String] {
        let pairs = line.split(separator: " ").dropFirst(2).compactMap { word -> (String, String)? in
            let parts = word.split(separator: "=", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        return Dictionary(pairs) { $1 }
    }

    private func lines(of event: String, _ harness: SignInHarness) -> [[String: String]] {
        harness.log.lines(of: event).map(members)
    }

    private func request(_ harness: SignInHarness, hasCode: Bool = true) async throws -> Mailed {
        let response = await harness.respond(to: .signIn(#"{"email":"quetzal@example.com","code":\#(hasCode)}"#))
        #expect(response.status == .ok)
        let job = try #require(try await harness.jobs().last)
        let token = try #require(job.link.split(separator: "token=").last?.split(separator: "&").first)
        return Mailed(
            token: String(token), code: job.code ?? "", handle: response.member("request_id") as? String ?? "")
    }

    private func verify(_ harness: SignInHarness, _ path: String, _ body: String, peer: String) async -> Response {
        await harness.respond(
            to: Request(
                method: .post, path: path,
                fields: ["Content-Type": "application/json", "Origin": "https://portal.example"],
                body: Array(body.utf8),
                peer: IPAddress(parsing: peer)))
    }

    private func verify(_ token: String, _ harness: SignInHarness, peer: String = "192.0.2.1") async -> Response {
        await verify(harness, "/auth/verify-magic-link", #"{"token":"\#(token)"}"#, peer: peer)
    }

    private func verify(code: String, of mailed: Mailed, _ harness: SignInHarness) async -> Response {
        await verify(
            harness, "/auth/verify-code", #"{"request_id":"\#(mailed.handle)","code":"\#(code)"}"#, peer: "192.0.2.1")
    }

    @Test("a sign-in is requested and completed in two lines with the same id; the job has it, too")
    func completed() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let mailed = try await request(harness, hasCode: false)
        #expect(await verify(mailed.token, harness).status == .ok)
        let requested = try #require(lines(of: "sign_in_requested", harness).first)
        #expect(requested["id"] == (try await harness.jobs().last?.id))
        #expect(requested["way"] == "link")
        #expect(requested["portal"] == "https://portal.example")
        #expect(requested["network"] == "192.0.2.0/24")
        #expect(requested["place"]?.count == 32)
        let completed = try #require(lines(of: "sign_in_completed", harness).first)
        #expect(completed["id"] == requested["id"])
        #expect(completed["way"] == "link")
        #expect(completed["portal"] == "https://portal.example")
        #expect(completed["network"] == "192.0.2.0/24")
        for line in harness.log.all {
            for secret in ["quetzal", "192.0.2.1", mailed.token] { #expect(!line.contains(secret), "\(line)") }
        }
    }

    @Test("a sign-in by code says so, and names the place of its handle where it is refused")
    func code() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let mailed = try await request(harness)
        #expect(await verify(code: "000000", of: mailed, harness).status == .badRequest)
        #expect(await verify(code: mailed.code, of: mailed, harness).status == .ok)
        let requested = try #require(lines(of: "sign_in_requested", harness).first)
        let refused = try #require(lines(of: "sign_in_refused", harness).first)
        #expect(refused["way"] == "code")
        #expect(refused["place"] == requested["place"])
        #expect(lines(of: "sign_in_completed", harness).first?["way"] == "code")
        for line in harness.log.all {
            for secret in ["quetzal", mailed.handle] { #expect(!line.contains(secret), "\(line)") }
        }
    }

    @Test("the wrong code after which none works is told once")
    func locked() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        let mailed = try await request(harness)
        for number in 0..<8 { _ = await verify(code: "00000\(number)", of: mailed, harness) }
        let locked = lines(of: "codes_locked", harness)
        #expect(locked.count == 1)
        #expect(locked.first?["place"] == lines(of: "sign_in_requested", harness).first?["place"])
        #expect(locked.first?["network"] == "192.0.2.0/24")
        // The refusals of one network are one line.
        #expect(lines(of: "sign_in_refused", harness).count == 1)
    }

    @Test("500 refusals of a client are one line for each kind, and so are those by a limit")
    func flood() async throws {
        let server = try await RedisServer()
        let limits = SignInLimits(
            client: try RateLimit(parsing: "1/1d"), recipient: nil, deployment: nil,
            verification: try RateLimit(parsing: "300/1d"))
        let harness = try await SignInHarness(server, limits: limits)
        for _ in 0..<250 {
            _ = await verify(String(repeating: "A", count: 43), harness)
            _ = await verify("x", harness)
            _ = await harness.respond(to: .signIn())
        }
        #expect(lines(of: "sign_in_refused", harness).count == 1)
        let limited = lines(of: "rate_limited", harness)
        #expect(Set(limited.map { $0["limit"] }) == ["verification", "client"])
        #expect(limited.count == 2)
        #expect(limited.allSatisfy { $0["network"] == "192.0.2.0/24" })
        // Another network has its own.
        _ = await verify("x", harness, peer: "198.51.100.1")
        #expect(lines(of: "sign_in_refused", harness).count == 2)
    }

    @Test("an error of Redis that every request meets is one line")
    func internalErrors() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        try server.command("SET", "postern:mail", "x")
        for _ in 0..<20 { #expect(await harness.respond(to: .signIn()).status == .internalServerError) }
        #expect(harness.log.lines(of: "internal_error").count == 1)
    }
}

import Cryptography
import Foundation
import MailQueue
import Net
import Redis
import SignIn
import TestSupport
import Testing
import Web

/// A verifier and its challenge (RFC 7636, appendix B).
enum SampleChallenge {
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    /// The members of a body that has the challenge.
    static let member = #","code_challenge":"\#(challenge)","code_challenge_method":"S256""#
}

/// A code that was requested: its handle from the response, and the contents of the email.
struct RequestedCode: Sendable {
    let handle: String
    let code: String
    /// The token in the link.
    let token: String

    /// A code that is not this one.
    var wrongCode: String { code == "000000" ? "000001" : "000000" }
}

extension SignInHarness {
    /// The jobs in the queue, opened as a worker opens them, the oldest first.
    func jobs() async throws -> [MailJob] {
        guard case .array(let entries) = try await redis.send(RedisCommand("XRANGE", "postern:mail", "-", "+")) else {
            throw NotAsExpected()
        }
        let keys = MailJobKeys(SignInHarness.keys)
        var jobs: [MailJob] = []
        for entry in entries {
            guard case .array(let parts) = entry, parts.count == 2, case .array(let fields) = parts[1],
                fields.count == 8, case .bulk(let id) = fields[3], case .bulk(let box) = fields[7]
            else { throw NotAsExpected() }
            let sealed = SealedMailJob(id: String(decoding: id, as: UTF8.self), keyID: "k1", box: box)
            jobs.append(try MailJob(opening: sealed, with: keys))
        }
        return jobs
    }

    /// Requests a link, and returns the job of its email.
    /// - Parameters:
    ///   - members: the members of the body that follow the address, as JSON with a comma before it.
    ///   - base: the base path.
    func requestLink(
        _ email: String = "ada@example.com", _ members: String = "", origin: String = "https://portal.example",
        base: String = ""
    ) async throws -> MailJob {
        var request = Request.signIn(#"{"email":"\#(email)"\#(members)}"#, origin: origin)
        request.path = base + request.path
        let response = await respond(to: request)
        let job = try await jobs().last
        guard response.status == .ok, let job else { throw NotAsExpected() }
        return job
    }

    /// Requests a link and a code.
    func requestCode(
        _ email: String = "ada@example.com", _ members: String = "", origin: String = "https://portal.example"
    ) async throws -> RequestedCode {
        let request = Request.signIn(#"{"email":"\#(email)","code":true\#(members)}"#, origin: origin)
        let response = await respond(to: request)
        let job = try await jobs().last
        guard let handle = response.member("request_id") as? String, let job, let code = job.code else {
            throw NotAsExpected()
        }
        return RequestedCode(handle: handle, code: code, token: job.token)
    }

    /// The key of a token's link.
    static func key(of token: String) throws -> String {
        guard let place = LoginToken(parsing: token)?.place else { throw NotAsExpected() }
        return "postern:links:\(place.text)"
    }

    /// Makes the links at a token's place expire.
    func expire(_ token: String) async throws {
        let script = StoreHarness.script(
            """
            local links = links_at(KEYS[1])
            for _, link in ipairs(links) do link.ends = 0 end
            redis.call('SET', KEYS[1], packed(links), 'KEEPTTL')
            return math.min(#links, 1)
            """)
        let reply = try await redis.send(RedisCommand("EVAL", script, "1", try SignInHarness.key(of: token)))
        guard reply == .integer(1) else { throw NotAsExpected() }
    }

    /// Deletes the links at a token's place.
    func forget(_ token: String) async throws {
        let reply = try await redis.send(RedisCommand("DEL", try SignInHarness.key(of: token)))
        guard reply == .integer(1) else { throw NotAsExpected() }
    }

    /// The contents of Redis, by key: the value as `DUMP` returns it, and the time of expiry.
    func contents() async throws -> [String: [RESPValue]] {
        var contents: [String: [RESPValue]] = [:]
        for key in try await keys(startingWith: "") {
            let value = try await redis.send(RedisCommand("DUMP", key))
            let end = try await redis.send(RedisCommand("PEXPIRETIME", key))
            contents[key] = [value, end]
        }
        return contents
    }
}

extension MailJob {
    /// The token in the link: the 43 characters after the first `token=`.
    var token: String {
        guard let range = link.firstRange(of: "token=") else { return "" }
        return String(link[range.upperBound...].prefix(43))
    }
}

/// The exchange token in the redirect to the portal that answers a press of the button. `end` must follow it.
func tokenInRedirect(
    _ response: Response, followedBy end: String = "", sourceLocation: SourceLocation = #_sourceLocation
) throws -> String {
    #expect(response.status == .seeOther, sourceLocation: sourceLocation)
    let location = response.fields[.location] ?? ""
    let start = "https://portal.example/auth/callback?token="
    try #require(location.hasPrefix(start), "\(location)", sourceLocation: sourceLocation)
    let rest = location.dropFirst(start.count)
    let token = String(rest.prefix(43))
    #expect(!token.contains("&") && token.count == 43, sourceLocation: sourceLocation)
    #expect(String(rest.dropFirst(43)) == end, sourceLocation: sourceLocation)
    return token
}

extension AssertionIssuer {
    /// The bytes of the signing key: 0 to 31.
    static let sampleKey = [UInt8](0..<32)

    /// An issuer with two keys.
    static func sample() throws -> AssertionIssuer {
        AssertionIssuer(
            name: "https://auth.example",
            keys: [
                KeyRing.Entry(id: "s1", key: Secret(copying: sampleKey)),
                KeyRing.Entry(id: "s0", key: Secret(copying: [UInt8](32..<64))),
            ])
    }
}

extension Request {
    /// A POST of JSON to a path, as a portal's server sends it.
    static func json(
        _ path: String, _ body: String, origin: String? = nil, contentType: String? = "application/json",
        more: [(String, String)] = [], peer: String = "192.0.2.1"
    ) -> Request {
        var request = Request.signIn(body, origin: origin, contentType: contentType, more: more, peer: peer)
        request.path = path
        return request
    }

    /// A request that verifies a token.
    static func verify(
        _ token: String, verifier: String? = nil, origin: String? = nil, portal: String? = "https://portal.example",
        contentType: String? = "application/json", more: [(String, String)] = [], peer: String = "192.0.2.1"
    ) -> Request {
        let end = proof(verifier, origin == nil ? portal : nil)
        return .json(
            "/auth/verify-magic-link", #"{"token":\#(quoted(token))\#(end)}"#, origin: origin,
            contentType: contentType, more: more, peer: peer)
    }

    /// The members of a body that come with a token or a code. A browser names its portal by `Origin`.
    private static func proof(_ verifier: String?, _ portal: String?) -> String {
        (verifier.map { #","code_verifier":\#(quoted($0))"# } ?? "")
            + (portal.map { #","callback_origin":\#(quoted($0))"# } ?? "")
    }

    /// A request that verifies a code with its handle.
    static func verify(
        code: String, of handle: String, verifier: String? = nil, origin: String? = nil,
        portal: String? = "https://portal.example", contentType: String? = "application/json",
        more: [(String, String)] = [], peer: String = "192.0.2.1"
    ) -> Request {
        let end = proof(verifier, origin == nil ? portal : nil)
        return .json(
            "/auth/verify-code", #"{"request_id":\#(quoted(handle)),"code":\#(quoted(code))\#(end)}"#,
            origin: origin, contentType: contentType, more: more, peer: peer)
    }

    /// A request for the page of a link.
    static func view(_ token: String, method: Method = .get, more: [(String, String)] = []) -> Request {
        var fields = RequestFields()
        for (name, value) in more { fields.append(name, value) }
        return Request(
            method: method, path: "/auth/open", query: "token=\(token)", fields: fields,
            peer: IPAddress(parsing: "192.0.2.1"))
    }

    /// A request that presses the button on the page of a link.
    static func press(
        _ token: String, sendsAgain: Bool = false, contentType: String? = "application/x-www-form-urlencoded",
        more: [(String, String)] = [], peer: String = "192.0.2.1"
    ) -> Request {
        let body = "token=\(token)" + (sendsAgain ? "&again=1" : "")
        return .json("/auth/open", body, contentType: contentType, more: more, peer: peer)
    }
}

extension OneIssue {
    /// The body of the response that reports the issue.
    var answer: String {
        #"""
        {"error":"Invalid request","code":"validation_error",\#
        "fieldErrors":{"\#(path)":"\#(message)"},\#
        "issues":[{"path":"\#(path)","message":"\#(message)","code":"\#(code)"}]}
        """#
    }
}

/// A text as a JSON string.
func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        if scalar == "\"" || scalar == "\\" {
            quoted += "\\\(scalar)"
        } else if scalar.value < 0x20 {
            // Five digits, the first of which is 1. The other four are the escape's.
            quoted += "\\u\(String(0x10000 + scalar.value, radix: 16).dropFirst())"
        } else {
            quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}

/// The bytes of a base64url text without padding.
func bytes(base64URL text: String) -> [UInt8]? {
    let standard = text.replacing("-", with: "+").replacing("_", with: "/")
    let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
    return Data(base64Encoded: standard + padding).map { [UInt8]($0) }
}

/// Another spelling of a token's bytes: changes one of the two unused bits of its last character.
func respelled(_ token: String) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    guard let last = token.last, let index = alphabet.firstIndex(of: last), index < 63 else { return token }
    return String(token.dropLast()) + String(alphabet[index + 1])
}

/// Texts that resemble a token, and are not the token.
func lookalikes(of token: String) -> [String] {
    let rest = String(token.dropFirst())
    let texts: [String] = [
        "", " ", "x", "null", "undefined", "*", "-", String(repeating: "A", count: 42),
        String(repeating: "A", count: 43), String(repeating: "A", count: 44), String(repeating: "=", count: 43),
        String(repeating: "A", count: 16_000), String(repeating: "é", count: 8000), respelled(token),
        "\(token) ", " \(token)", "\(token)\n", "\t\(token)", "\(token)\0", "\0\(token)", "\(token)=", "\(token)==",
        "\(token).", "\(token)\(token)", "\"\(token)\"", "\u{FEFF}\(token)", "\(token)\u{200B}", "\(token)\u{301}",
        "token=\(token)", "%2D\(rest)", "+\(rest)", "/\(rest)", "=\(rest)",
        // A Cyrillic, a full-width and a mathematical letter, which some programs convert to an A.
        "\u{410}\(rest)", "\u{FF21}\(rest)", "\u{1D400}\(rest)",
        // 43 bytes, but not 43 characters.
        "é\(rest.dropFirst())", rest, String(token.dropLast()), String(token.reversed()), "\(rest)\(token.prefix(1))",
    ]
    return texts.filter { $0 != token }
}

/// Checks that responses differ only in the quota that the client has left.
func expectIdentical(
    _ answers: [(name: String, response: Response)], body: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let first = answers.first?.response.fields.lines.filter { $0.name != .rateLimit }
    #expect(first != nil, "there is no answer", sourceLocation: sourceLocation)
    for (name, response) in answers {
        #expect(response.status == .badRequest, "\(name)", sourceLocation: sourceLocation)
        #expect(response.body == Array(body.utf8), "\(name)", sourceLocation: sourceLocation)
        let fields = response.fields.lines.filter { $0.name != .rateLimit }
        #expect(fields == first, "\(name)", sourceLocation: sourceLocation)
        let quota = response.fields[.rateLimit]
        #expect(quota?.hasPrefix(#""ip";r="#) == true, "\(name)", sourceLocation: sourceLocation)
    }
}

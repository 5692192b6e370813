import Cryptography
import Foundation
import MailQueue
import Testing
import TestSupport

/// The release handler with a landing page, and Redis, spoken to as browsers and the portal's server do.
///
/// Nobody is limited and no worker runs, so that all mail stays in the stream, unless a test says otherwise.
struct Deployment: Sendable {
    static let portal = "https://example.com"
    static let landing = "https://door.example.com"
    /// What stands before the token in a link that leads to the portal.
    static let callback = "\(portal)/auth/callback?token="
    /// The header line of a browser on the portal's page.
    static let browser = ["Origin: \(portal)"]

    let redis: RedisServer
    let handler: Handler

    init(_ settings: [String: String] = [:]) async throws {
        redis = try await RedisServer()
        let usual = [
            "POSTERN_ALLOWED_ORIGINS": Deployment.portal, "POSTERN_LANDING_URL": Deployment.landing,
            "POSTERN_IP_LIMIT": "off", "POSTERN_RECIPIENT_LIMIT": "off", "POSTERN_CODE_LIMIT": "off",
        ]
        handler = try await Handler(redis: redis.address, usual.merging(settings) { _, own in own })
    }

    // MARK: - Requests

    /// A request as bytes go over the wire.
    static func text(
        _ method: String, _ target: String, _ lines: [String] = [], host: String = "door", body: String = ""
    ) -> String {
        let head = ["\(method) \(target) HTTP/1.1", "Host: \(host)"] + lines + ["Content-Length: \(body.utf8.count)"]
        return head.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// A POST of JSON as bytes go over the wire.
    static func json(
        _ target: String, _ members: [String: Any], _ lines: [String] = [], host: String = "door"
    ) throws -> String {
        let body = String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
        return text("POST", target, lines + ["Content-Type: application/json"], host: host, body: body)
    }

    /// Sends a request on a connection of its own.
    func answer(to request: String) throws -> RawResponse {
        let connection = try RawHTTP(port: handler.port)
        try connection.send(request)
        return try connection.readResponse(isHead: request.hasPrefix("HEAD "))
    }

    /// Sends requests at once, each on a connection of its own.
    func answers(to requests: [String]) async throws -> [RawResponse] {
        let connections = try requests.map { _ in try RawHTTP(port: handler.port) }
        // All but the last byte first: then none has a head start, and they meet in Redis.
        for (connection, request) in zip(connections, requests) { try connection.send(String(request.dropLast())) }
        return try await withThrowingTaskGroup(of: RawResponse.self) { group in
            for (connection, request) in zip(connections, requests) {
                group.addTask {
                    try await onOwnThread {
                        try connection.send(String(request.suffix(1)))
                        return try connection.readResponse()
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Asks for a link, as a browser on the portal's page does.
    func ask(
        _ email: String = "ada@example.com", _ members: [String: Any] = [:], _ lines: [String] = Deployment.browser,
        host: String = "door"
    ) throws -> RawResponse {
        let body = members.merging(["email": email]) { own, _ in own }
        return try answer(to: Deployment.json("/auth/send-magic-link", body, lines, host: host))
    }

    /// Asks for a link with a body that no dictionary can be.
    func ask(body: String) throws -> RawResponse {
        let lines = Deployment.browser + ["Content-Type: application/json"]
        return try answer(to: Deployment.text("POST", "/auth/send-magic-link", lines, body: body))
    }

    /// Brings a token back, as the portal's server does.
    func verify(_ token: String, verifier: String? = nil, _ lines: [String] = []) throws -> RawResponse {
        var members = ["token": token]
        members["code_verifier"] = verifier
        return try answer(to: Deployment.json("/auth/verify-magic-link", members, lines))
    }

    /// Brings a code, as the portal's server does.
    func verify(
        code: String?, of requestID: String, verifier: String? = nil, _ lines: [String] = []
    ) throws -> RawResponse {
        var members = ["request_id": requestID]
        members["code"] = code
        members["code_verifier"] = verifier
        return try answer(to: Deployment.json("/auth/verify-code", members, lines))
    }

    /// Looks at the page of a link.
    func look(_ token: String, _ method: String = "GET", _ lines: [String] = []) throws -> RawResponse {
        try answer(to: Deployment.text(method, "/auth/open?token=\(token)", lines))
    }

    /// Presses the button on the page of a link.
    func press(
        _ token: String, isForAgain: Bool = false, _ lines: [String] = [], host: String = "door"
    ) throws -> RawResponse {
        let type = "Content-Type: application/x-www-form-urlencoded"
        let body = "token=\(token)" + (isForAgain ? "&again=1" : "")
        return try answer(to: Deployment.text("POST", "/auth/open", lines + [type], host: host, body: body))
    }

    // MARK: - What came of them

    /// The mail that a request led to, and the name in its answer.
    struct Asked: Sendable {
        let job: MailJob
        /// Empty where no code was asked for.
        let requestID: String

        var token: String { job.token }
        var code: String? { job.code }

        /// A code that is not this one.
        var wrongCode: String { code == "000000" ? "000001" : "000000" }
    }

    /// Asks for a link, and gives what is in its mail.
    func mailed(
        _ email: String = "ada@example.com", _ members: [String: Any] = [:], _ lines: [String] = Deployment.browser
    ) throws -> Asked {
        let response = try ask(email, members, lines)
        try #require(response.status == 200, "\(response.text)")
        let job = try #require(try redis.jobs().last)
        return Asked(job: job, requestID: response.json["request_id"] as? String ?? "")
    }
}

extension RedisServer {
    /// The mails that wait in the stream, opened as a worker would, the oldest first.
    func jobs() throws -> [MailJob] {
        // redis-cli's output is not made for bytes: a script writes them as digits.
        let lines = try command(
            "EVAL",
            "local lines = {} "
                + "for _, entry in ipairs(redis.call('XRANGE', 'postern:mail', '-', '+')) do "
                + "local hex = string.gsub(entry[2][8], '.', "
                + "function(c) return string.format('%02x', string.byte(c)) end) "
                + "lines[#lines + 1] = entry[2][4] .. ' ' .. hex end "
                + "return table.concat(lines, '\\n')", "0"
        ).split(whereSeparator: \.isNewline)
        let keys = KeyRing(
            [.init(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))], purpose: MailJob.sealingPurpose)
        return try lines.map { line in
            let words = line.split(separator: " ")
            try #require(words.count == 2, "\(line)")
            let digits = Array(words[1])
            let box = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(digits[$0...($0 + 1)]), radix: 16)
            }
            return try MailJob(opening: SealedMailJob(id: String(words[0]), keyID: "k1", box: box), with: keys)
        }
    }

    /// All that there is, as one text: the keys, a digest of each one's value, and when it goes.
    func contents() throws -> String {
        try command(
            "EVAL",
            "local lines = {} "
                + "for _, key in ipairs(redis.call('KEYS', '*')) do "
                + "lines[#lines + 1] = table.concat({ key, redis.sha1hex(redis.call('DUMP', key)), "
                + "redis.call('PEXPIRETIME', key) }, ' ') end "
                + "table.sort(lines) return table.concat(lines, '\\n')", "0")
    }

    /// Ends the time of a link, whose entry outlives it by a day: with no more than that left it is past its time.
    func expire(_ token: String) throws {
        let reply = try command("PEXPIRE", "postern:token:\(digest(of: token))", "86400000")
        try #require(reply == "1")
    }
}

extension MailJob {
    /// The token in the link: the 43 characters behind the first `token=`.
    var token: String {
        guard let range = link.firstRange(of: "token=") else { return "" }
        return String(link[range.upperBound...].prefix(43))
    }
}

extension RawResponse {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// What programs branch on in an error.
    var errorCode: String? { json["code"] as? String }

    /// Where in the body what is wrong stands.
    var issuePaths: [String] {
        (json["issues"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
    }

    /// Who is signed in.
    var email: String? { json["email"] as? String }

    /// The token in the address that a press of the button leads to; empty where it leads to no callback.
    var freshToken: String {
        guard status == 303, let location = self["Location"], location.hasPrefix(Deployment.callback) else { return "" }
        return String(location.dropFirst(Deployment.callback.count).prefix(43))
    }

    /// All of it but what differs from request to request: time, name and quota.
    var lasting: [String] {
        let passing = ["date", "x-request-id", "ratelimit"]
        let lines = fields.filter { !passing.contains($0.name.lowercased()) }.map { "\($0.name): \($0.value)" }
        return ["\(status)"] + lines + [text]
    }
}

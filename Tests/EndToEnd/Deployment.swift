import Cryptography
import Foundation
import MailQueue
import Testing
import TestSupport

/// The release handler with its confirmation page, and Redis. Its functions send the requests of browsers and of the
/// portal's server.
///
/// Unless a test says otherwise, there are no rate limits and no worker runs, so that all jobs stay in the stream.
struct Deployment: Sendable {
    static let portal = "https://example.com"
    static let confirmationURL = "https://sign-in.example.com"
    /// The part before the token in a link to the portal.
    static let callback = "\(portal)/auth/callback?token="
    /// The header line of a browser on the portal's page.
    static let browserFields = ["Origin: \(portal)"]

    let redis: RedisServer
    let handler: Handler

    init(_ settings: [String: String] = [:]) async throws {
        redis = try await RedisServer()
        let usual = [
            "POSTERN_ALLOWED_ORIGINS": Deployment.portal, "POSTERN_LANDING_URL": Deployment.confirmationURL,
            "POSTERN_IP_LIMIT": "off", "POSTERN_RECIPIENT_LIMIT": "off", "POSTERN_CODE_LIMIT": "off",
        ]
        handler = try await Handler(redis: redis.address, usual.merging(settings) { _, own in own })
    }

    // MARK: - Requests

    /// The text of a request.
    static func text(
        _ method: String, _ target: String, _ lines: [String] = [], host: String = "postern", body: String = ""
    ) -> String {
        let head = ["\(method) \(target) HTTP/1.1", "Host: \(host)"] + lines + ["Content-Length: \(body.utf8.count)"]
        return head.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// The text of a POST request with a JSON body.
    static func json(
        _ target: String, _ members: [String: Any], _ lines: [String] = [], host: String = "postern"
    ) throws -> String {
        let body = String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self)
        return text("POST", target, lines + ["Content-Type: application/json"], host: host, body: body)
    }

    /// Sends a request on a new connection.
    func answer(to request: String) throws -> RawResponse {
        let connection = try RawHTTP(port: handler.port)
        try connection.send(request)
        return try connection.readResponse(isHead: request.hasPrefix("HEAD "))
    }

    /// Sends requests simultaneously, each on a new connection.
    func answers(to requests: [String]) async throws -> [RawResponse] {
        let connections = try requests.map { _ in try RawHTTP(port: handler.port) }
        // All but the last byte of each first, so that the requests reach Redis at the same time.
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

    /// Requests a link, as a browser on the portal's page does.
    func requestLink(
        _ email: String = "ada@example.com", _ members: [String: Any] = [:],
        _ lines: [String] = Deployment.browserFields,
        host: String = "postern"
    ) throws -> RawResponse {
        let body = members.merging(["email": email]) { own, _ in own }
        return try answer(to: Deployment.json("/auth/send-magic-link", body, lines, host: host))
    }

    /// Requests a link with a body that cannot be written as a dictionary.
    func requestLink(body: String) throws -> RawResponse {
        let lines = Deployment.browserFields + ["Content-Type: application/json"]
        return try answer(to: Deployment.text("POST", "/auth/send-magic-link", lines, body: body))
    }

    /// Verifies a token, as the portal's server does.
    func verify(_ token: String, verifier: String? = nil, _ lines: [String] = []) throws -> RawResponse {
        var members = ["token": token]
        members["code_verifier"] = verifier
        return try answer(to: Deployment.json("/auth/verify-magic-link", members, lines))
    }

    /// Verifies a code, as the portal's server does.
    func verify(
        code: String?, of codeHandle: String, verifier: String? = nil, _ lines: [String] = []
    ) throws -> RawResponse {
        var members = ["request_id": codeHandle]
        members["code"] = code
        members["code_verifier"] = verifier
        return try answer(to: Deployment.json("/auth/verify-code", members, lines))
    }

    /// Opens the confirmation page of a link.
    func viewPage(_ token: String, _ method: String = "GET", _ lines: [String] = []) throws -> RawResponse {
        try answer(to: Deployment.text(method, "/auth/open?token=\(token)", lines))
    }

    /// Presses the button on the confirmation page of a link.
    /// - Parameter isResend: whether it is the button that requests another link.
    func press(
        _ token: String, isResend: Bool = false, _ lines: [String] = [], host: String = "postern"
    ) throws -> RawResponse {
        let type = "Content-Type: application/x-www-form-urlencoded"
        let body = "token=\(token)" + (isResend ? "&again=1" : "")
        return try answer(to: Deployment.text("POST", "/auth/open", lines + [type], host: host, body: body))
    }

    // MARK: - Links

    /// The job that a request queued, and the code handle in its response.
    struct RequestedLink: Sendable {
        let job: MailJob
        /// Empty if no code was requested.
        let codeHandle: String

        var token: String { job.token }
        var code: String? { job.code }

        /// A code other than this one.
        var wrongCode: String { code == "000000" ? "000001" : "000000" }
    }

    /// Requests a link, and returns what its email will contain.
    func emailedLink(
        _ email: String = "ada@example.com", _ members: [String: Any] = [:],
        _ lines: [String] = Deployment.browserFields
    ) throws -> RequestedLink {
        let response = try requestLink(email, members, lines)
        try #require(response.status == 200, "\(response.text)")
        let job = try #require(try redis.jobs().last)
        return RequestedLink(job: job, codeHandle: response.json["request_id"] as? String ?? "")
    }
}

extension RedisServer {
    /// The jobs in the stream, opened as by a worker, oldest first.
    func jobs() throws -> [MailJob] {
        // redis-cli's output cannot contain arbitrary bytes, so a script writes them in hexadecimal.
        let lines = try command(
            "EVAL",
            "local lines = {} "
                + "for _, entry in ipairs(redis.call('XRANGE', 'postern:mail', '-', '+')) do "
                + "local hex = string.gsub(entry[2][8], '.', "
                + "function(c) return string.format('%02x', string.byte(c)) end) "
                + "lines[#lines + 1] = entry[2][4] .. ' ' .. hex end "
                + "return table.concat(lines, '\\n')", "0"
        ).split(whereSeparator: \.isNewline)
        let keys = MailJobKeys([.init(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))])
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

    /// The whole content as text: each key with a digest of its value, and its expiration time.
    func contents() throws -> String {
        try command(
            "EVAL",
            "local lines = {} "
                + "for _, key in ipairs(redis.call('KEYS', '*')) do "
                + "lines[#lines + 1] = table.concat({ key, redis.sha1hex(redis.call('DUMP', key)), "
                + "redis.call('PEXPIRETIME', key) }, ' ') end "
                + "table.sort(lines) return table.concat(lines, '\\n')", "0")
    }

    /// Makes the links at a token's place expire.
    func expire(_ token: String) throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources").standardized
        var script = ""
        for file in ["Redis/Buckets.lua", "Features/SignIn/Store/Links.lua"] {
            script += try String(contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
        }
        script += """
            local links = links_at(KEYS[1])
            for _, link in ipairs(links) do link.ends = 0 end
            redis.call('SET', KEYS[1], packed(links), 'KEEPTTL')
            return math.min(#links, 1)
            """
        try #require(try command("EVAL", script, "1", linksKey(of: token)) == "1")
    }
}

extension MailJob {
    /// The token in the link: the 43 characters after the first `token=`.
    var token: String {
        guard let range = link.firstRange(of: "token=") else { return "" }
        return String(link[range.upperBound...].prefix(43))
    }
}

extension RawResponse {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The `code` of an error.
    var errorCode: String? { json["code"] as? String }

    /// The paths of an error's issues.
    var issuePaths: [String] {
        (json["issues"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
    }

    /// The address that is signed in.
    var email: String? { json["email"] as? String }

    /// The exchange token in the callback URL to which the confirmation page redirects; empty for any other response.
    var exchangeToken: String {
        guard status == 303, let location = self["Location"], location.hasPrefix(Deployment.callback) else { return "" }
        return String(location.dropFirst(Deployment.callback.count).prefix(43))
    }

    /// The response without the fields that differ between requests: date, request id and quota.
    var stableParts: [String] {
        let changing = ["date", "x-request-id", "ratelimit"]
        let lines = fields.filter { !changing.contains($0.name.lowercased()) }.map { "\($0.name): \($0.value)" }
        return ["\(status)"] + lines + [text]
    }
}

import Bytes
import Cryptography
import Foundation
import MailQueue
import Net
import Platform
import SignIn
import TestSupport

/// The release build of the command line.
enum CommandLineTool {
    static let path = Handler.repository.appendingPathComponent(".build/postern/bin/postern").path

    /// Runs a command to its end.
    static func run(
        _ arguments: String..., environment: [String: String] = [:]
    ) async throws -> (status: Int32, output: String) {
        let process = try ChildProcess(path, arguments, environment: environment)
        let status = try await process.waitForExit(within: .seconds(60))
        return (status, process.log)
    }
}

/// A worker of the release build.
final class Worker: Sendable {
    let process: ChildProcess

    /// Starts a worker, and waits until it is about to claim jobs, or has ended.
    /// - Parameters:
    ///   - url: the URL of Redis.
    ///   - mail: the value of `POSTERN_MAIL_URL`.
    ///   - settings: environment variables in addition to those that every test needs.
    init(redis url: String, mail: String, _ settings: [String: String] = [:]) async throws {
        let process = try Worker.start(redis: url, mail: mail, settings)
        self.process = process
        try await eventually("the worker to start; its log: \(process.log)") {
            process.log.contains("\"sending\"") || !process.isRunning
        }
    }

    /// Starts the process without waiting.
    static func start(
        redis url: String, mail: String, _ settings: [String: String] = [:], launcher: [String] = []
    ) throws -> ChildProcess {
        let environment = [
            "REDIS_URL": url, "POSTERN_SECRET_KEYS": Handler.secretKey, "POSTERN_MAIL_URL": mail,
            "POSTERN_MAIL_FROM": "Portal <sign-in@example.com>", "POSTERN_MAIL_TIMEOUT": "2s",
        ]
        let command = launcher + [CommandLineTool.path, "send"]
        return try ChildProcess(
            command[0], Array(command.dropFirst()), environment: environment.merging(settings) { _, own in own })
    }

    /// Sends SIGTERM, and waits until the worker ends.
    /// - Returns: The exit status.
    func stop() async throws -> Int32 {
        process.signal(SIGTERM)
        return try await process.waitForExit()
    }
}

/// Redis and a handler without rate limits, which queues jobs for the test's workers.
struct Queue {
    let redis: RedisServer
    let handler: Handler

    init(redisArguments: [String] = []) async throws {
        redis = try await RedisServer(arguments: redisArguments)
        handler = try await Handler(
            redis: redis.address, ["POSTERN_IP_LIMIT": "off", "POSTERN_RECIPIENT_LIMIT": "off"])
    }

    /// The numbers of jobs in the stream, of jobs that wait for a retry, and of dead letters.
    func lengths() throws -> [Int] {
        try [
            redis.command("XLEN", "postern:mail"), redis.command("ZCARD", "postern:mail:retry"),
            redis.command("XLEN", "postern:mail:dead"),
        ].map { Int($0) ?? -1 }
    }

    /// Waits until ``lengths()`` are these.
    func becomes(_ lengths: [Int], within limit: Duration = .seconds(20)) async throws {
        var found: [Int] = []
        do {
            try await eventually(within: limit, "the queue to be \(lengths)") {
                found = (try? self.lengths()) ?? []
                return found == lengths
            }
        } catch { throw Timeout(description: "\(error); it is \(found)") }
    }
}

extension RedisServer {
    /// Adds a job to the stream, like a handler, but with any time of issue.
    func addJob(to address: String = "ada@example.com", issuedAt: UnixTime, lifetime: Duration) throws {
        let link = MagicLink(
            origin: try Origin(parsing: "https://example.com"), callbackPath: try PortalPath(parsing: "/auth/callback"),
            token: try LoginToken(random: .system), next: nil)
        let job = MailJob(
            // Cannot fail: tests pass valid addresses.
            for: SignInRequest(link: link, recipient: EmailAddress(parsing: address)!),
            issuedAt: issuedAt, expiresAt: issuedAt + lifetime)
        let keys = KeyRing(
            [.init(id: "k1", key: Secret(copying: (0..<32).map(UInt8.init)))], purpose: MailJob.sealingPurpose)
        let sealed = try job.sealed(by: keys, random: .system)
        // redis-cli's arguments cannot contain arbitrary bytes, so a script decodes them from hexadecimal.
        let hex = sealed.box.withUnsafeBytes { hexadecimal($0) }
        try command(
            "EVAL",
            "local box = ARGV[2]:gsub('..', function(h) return string.char(tonumber(h, 16)) end) "
                + "return redis.call('XADD', 'postern:mail', '*', 'v', '2', 'id', ARGV[1], 'key', 'k1', 'job', box)",
            "0", sealed.id, hex)
    }
}

extension ScriptedSMTPServer.Received {
    /// The distinct tokens in the message's links.
    var tokens: Set<String> {
        let text = text.replacing("=\r\n", with: "").replacing("=3D", with: "=")
        return Set(text.matches(of: /token=([A-Za-z0-9_-]{43})/).map { String($0.1) })
    }

    /// The value of a header field.
    func field(_ name: String) -> String? {
        text.split(separator: "\r\n").first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }
}

/// The key in Redis of the links at a token's place.
func linksKey(of token: String) -> String {
    "postern:links:\(LoginToken(parsing: token)?.place.text ?? "not a token")"
}

import TestSupport
import Testing

@testable import Redis

@Suite
struct ErrorReplyTests {
    /// An error reply as a version of Redis, or a proxy, sends it, and what it means.
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let code: String
        let meaning: ErrorReply.Meaning
        var testDescription: String { text }

        init(_ text: String, _ code: String, _ meaning: ErrorReply.Meaning) {
            self.text = text
            self.code = code
            self.meaning = meaning
        }
    }

    private static let script = " script: 88c923858e73954cede057e8a25f614a3552b177, on @user_script:1."
    private static let script6 = "ERR Error running script (call to f_88c9): @user_script:1: "

    static let notCarriedOut = [
        Row("READONLY You can't write against a read only replica.", "READONLY", .wrongServer),
        Row("READONLY You can't write against a read only replica." + script, "READONLY", .wrongServer),
        Row(script6 + "-READONLY You can't write against a read only replica.", "READONLY", .wrongServer),
        Row("READONLY Can not run script with write flag on readonly replica", "READONLY", .wrongServer),
        Row(
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "MASTERDOWN",
            .wrongServer),
        Row("MOVED 3999 127.0.0.1:6381", "MOVED", .wrongServer),
        Row("LOADING Redis is loading the dataset in memory", "LOADING", .busy),
        Row("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "BUSY", .busy),
        Row("CLUSTERDOWN Hash slot not served", "CLUSTERDOWN", .busy),
        Row("TRYAGAIN Multiple keys request during rehashing of slot", "TRYAGAIN", .busy),
        Row("ASK 3999 127.0.0.1:6381", "ASK", .busy),
    ]

    static let outages = [
        Row("OOM command not allowed when used memory > 'maxmemory'.", "OOM", .outage),
        Row("OOM command not allowed when used memory > 'maxmemory'." + script, "OOM", .outage),
        Row(script6 + "-OOM command not allowed when used memory > 'maxmemory'.", "OOM", .outage),
        Row(
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
            "MISCONF",
            .outage),
        Row("MISCONF Errors writing to the AOF file: No space left on device", "MISCONF", .outage),
        Row("NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", .outage),
        Row("NOAUTH Authentication required.", "NOAUTH", .outage),
        Row("WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS", .outage),
        Row("EXECABORT Transaction discarded because of previous errors.", "EXECABORT", .outage),
        Row("UNKILLABLE Sorry the script already executed write commands against the dataset.", "UNKILLABLE", .outage),
        Row("ERR Script killed by user with SCRIPT KILL..." + script, "KILLED", .outage),
        Row("ERR max number of clients reached", "MAXCLIENTS", .outage),
        Row("ERR max number of clients + cluster connections reached", "MAXCLIENTS", .outage),
        Row("DENIED Redis is running in protected mode because protected mode is enabled", "DENIED", .outage),
        Row("ERR The stream has exhausted the last possible ID, unable to add more items", "STREAMFULL", .outage),
        Row("ERR The ID specified in XADD is equal or smaller than the target stream top item", "STREAMFULL", .outage),
        Row("no upstream host", "UPSTREAM", .outage),
        Row("ERR Connection timed out", "UPSTREAM", .outage),
    ]

    static let permissions = [
        "NOPERM this user has no permissions to run the 'eval' command",
        "NOPERM this user has no permissions to run the 'set' command or its subcommand",
        "NOPERM this user has no permissions to access one of the keys used as arguments",
        "NOPERM User ada has no permissions to run the 'set' command",
        "NOPERM No permissions to access a key",
        "ERR The user executing the script can't run this command or subcommand" + script,
        "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments"
            + script,
        "ERR ACL failure in script: User ada has no permissions to run the 'set' command" + script,
        "NOPERM ACL failure in script: No permissions to access a key" + script,
        script6 + "-NOPERM this user has no permissions to run the 'set' command or its subcommand",
        script6 + "The user executing the script can't run this command or subcommand",
    ].map { Row($0, "NOPERM", .outage) }

    static let others = [
        Row("NOSCRIPT No matching script. Please use EVAL.", "NOSCRIPT", .unknownScript),
        Row("NOGROUP No such key 'postern:mail' or consumer group 'senders'", "NOGROUP", .expected),
        Row("NOGROUP No such key 'postern:mail' or consumer group 'senders'" + script, "NOGROUP", .expected),
        Row("BUSYGROUP Consumer Group name already exists", "BUSYGROUP", .expected),
        Row("UNBLOCKED the stream key no longer exists", "UNBLOCKED", .expected),
        Row("WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", .fault),
        Row("WRONGTYPE Operation against a key holding the wrong kind of value" + script, "WRONGTYPE", .fault),
        Row(script6 + "WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", .fault),
        Row("CROSSSLOT Keys in request don't hash to the same slot", "CROSSSLOT", .fault),
        Row("ERR Script attempted to access keys that do not hash to the same slot" + script, "CROSSSLOT", .fault),
        Row("ERR Script attempted to access a non local key in a cluster node" + script, "CROSSSLOT", .fault),
        Row("ERR syntax error", "ERR", .fault), Row("ERR unknown command 'OOM'", "ERR", .fault),
        Row("ERR user_script:3: attempt to index a nil value" + script, "ERR", .fault),
        Row("", "", .fault), Row(" OOM", "", .fault), Row("OOMX", "OOMX", .fault), Row("oom", "oom", .fault),
    ]

    @Test(
        "each error has one meaning, whatever its spelling",
        arguments: [notCarriedOut, outages, permissions, others].joined())
    func meaning(row: Row) {
        let reply = ErrorReply(row.text)
        #expect(reply.code == row.code)
        #expect(reply.meaning == row.meaning)
        // What a request is answered with: 503 or 500.
        let isOutage = [.wrongServer, .busy, .outage].contains(row.meaning)
        let error = RedisError(errorReply: row.text)
        #expect(StoreError(error) == (isOutage ? .unavailable(error) : .failed(error)))
    }

    @Test("each error is counted under its code, and errors that are not known under one name")
    func kinds() {
        #expect(RedisError(errorReply: ErrorReplyTests.permissions[8].text).kind == "noperm")
        #expect(RedisError(errorReply: "ERR max number of clients reached").kind == "maxclients")
        for text in ["ERR syntax error", "WHATEVER\"\n", ""] { #expect(RedisError(errorReply: text).kind == "other") }
    }

    @Test("an error says which setting to change")
    func advice() {
        #expect("\(RedisError(errorReply: "CROSSSLOT Keys"))".contains("POSTERN_KEY_PREFIX needs a hash tag"))
        #expect("\(RedisError(errorReply: "WRONGTYPE Operation"))".contains("change POSTERN_KEY_PREFIX"))
        #expect("\(RedisError(errorReply: "MOVED 1 a:1"))".contains("REDIS_URL"))
        #expect("\(RedisError(errorReply: "OOM full"))" == "Redis answered: OOM full")
    }

    @Test("an error is printed without control characters, and not at any length")
    func printing() {
        let error = "\(RedisError(errorReply: "ERR \u{1B}[2J" + String(repeating: "x", count: 10_000)))"
        #expect(!error.contains("\u{1B}"))
        #expect(error.utf8.count < 400)
    }

    @Test("real Redis: a script without permission, at a wrong type or in a full Redis fails by its code")
    func realScripts() async throws {
        let server = try await RedisServer()
        try server.command("ACL", "SETUSER", "lame", "on", ">p", "~a*", "+@all", "-get", "-set")
        try server.command("SET", "text", "1")
        let lame = try await client("redis://lame:p@127.0.0.1:\(server.port)")
        let other = try await client(server.address)
        func code(_ client: RedisClient, _ command: String) async -> String {
            do throws(RedisError) {
                _ = try await client.send(RedisCommand("EVAL", "return redis.call(\(command))", "0"))
                return "none"
            } catch {
                guard case .server(let code, _) = error else { return "\(error)" }
                return code
            }
        }
        #expect(await code(lame, "'SET', 'a', '1'") == "NOPERM")
        #expect(await code(lame, "'DEL', 'b'") == "NOPERM")
        #expect(await code(other, "'XLEN', 'text'") == "WRONGTYPE")
        #expect(await code(other, "'XADD', 'ids', '18446744073709551615-18446744073709551615', 'f', 'v'") == "none")
        #expect(await code(other, "'XADD', 'ids', '*', 'f', 'v'") == "STREAMFULL")
        try server.command("CONFIG", "SET", "maxmemory", "1")
        #expect(await code(other, "'SET', 'a', '1'") == "OOM")
        try server.command("CONFIG", "SET", "maxmemory", "0", "min-replicas-to-write", "1")
        #expect(await code(other, "'SET', 'a', '1'") == "NOREPLICAS")
    }
}

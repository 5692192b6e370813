import Bytes

/// An error reply of Redis, and its meaning for the call that it answers.
struct ErrorReply: Sendable, Equatable {
    /// The meaning of an error reply.
    enum Meaning: Sendable, Equatable {
        /// The command was not carried out, because this server may not write or does not hold the keys. Another
        /// connection may lead to one that does.
        case wrongServer
        /// The command was not carried out, and the same server may carry it out in a moment.
        case busy
        /// The server does not have the script of an `EVALSHA`.
        case unknownScript
        /// An answer that the caller knows, such as that a consumer group exists.
        case expected
        /// Redis, its configuration or the settings prevent it: every such command fails until somebody changes that.
        case outage
        /// A defect, a command that this version of Redis does not know, or keys that this Redis cannot be used with.
        case fault
    }

    /// The error's code, such as `OOM`: the first word, or the code that the text of a script's error stands for.
    let code: String
    /// The text without the arguments that Redis repeats, without control characters, of at most 300 characters.
    let message: String
    let meaning: Meaning

    /// - Parameter text: the reply, without its leading `-`.
    init(_ text: String) {
        code = ErrorReply.code(of: text)
        message = ErrorReply.printable(text)
        meaning = ErrorReply.meaning(of: code)
    }

    /// The meaning of a code.
    static func meaning(of code: String) -> Meaning { rows[code]?.meaning ?? .fault }

    /// The message, and what to do about it.
    var explanation: String { message + (ErrorReply.advice(for: code).map { "; \($0)" } ?? "") }

    /// The action that ends errors with a code, as the end of a sentence; `nil` if the message says enough.
    static func advice(for code: String) -> String? { rows[code]?.advice }

    /// The name of a code in metrics: the code in lower case, or `other` for one that is not in the table.
    static func metricName(of code: String) -> String { rows[code] == nil ? "other" : code.lowercased() }
}

// MARK: - The table

extension ErrorReply {
    private struct Row {
        let meaning: Meaning
        let advice: String?

        init(_ meaning: Meaning, _ advice: String? = nil) {
            self.meaning = meaning
            self.advice = advice
        }
    }

    /// The codes that Redis 6 to 8 and Valkey send. Any other code is a fault.
    private static let rows: [String: Row] = [
        "READONLY": Row(.wrongServer, "REDIS_URL leads to a replica"),
        "MASTERDOWN": Row(.wrongServer, "REDIS_URL leads to a replica"),
        "MOVED": Row(.wrongServer, "REDIS_URL must name the node that holds the slot of POSTERN_KEY_PREFIX"),
        "LOADING": Row(.busy),
        "BUSY": Row(.busy),
        "CLUSTERDOWN": Row(.busy),
        "TRYAGAIN": Row(.busy),
        "ASK": Row(.busy),
        "NOSCRIPT": Row(.unknownScript),
        "NOGROUP": Row(.expected),
        "BUSYGROUP": Row(.expected),
        "UNBLOCKED": Row(.expected),
        "OOM": Row(.outage),
        "MISCONF": Row(.outage),
        "NOREPLICAS": Row(.outage),
        "NOAUTH": Row(.outage, "give REDIS_URL a password"),
        "WRONGPASS": Row(.outage, "correct the user or password in REDIS_URL"),
        "NOPERM": Row(.outage, "the user in REDIS_URL needs that permission"),
        "DENIED": Row(.outage),
        "MAXCLIENTS": Row(.outage),
        "KILLED": Row(.outage),
        "UNKILLABLE": Row(.outage),
        "EXECABORT": Row(.outage),
        "UPSTREAM": Row(.outage),
        "STREAMFULL": Row(.outage, "the stream's ids are used up: delete it"),
        "WRONGTYPE": Row(.fault, "another program uses the same key: change POSTERN_KEY_PREFIX"),
        "CROSSSLOT": Row(.fault, "POSTERN_KEY_PREFIX needs a hash tag, such as {postern}:"),
    ]

    /// Texts of errors whose first word says nothing, such as `ERR`, and the codes that they stand for.
    private static let texts: [(fragment: String, code: String)] = [
        // Redis 7.0 in a script, then later versions, then Redis 6.
        ("The user executing the script can't", "NOPERM"),
        ("ACL failure in script", "NOPERM"),
        ("has no permissions to", "NOPERM"),
        ("max number of clients", "MAXCLIENTS"),
        ("protected mode", "DENIED"),
        ("don't hash to the same slot", "CROSSSLOT"),
        ("do not hash to the same slot", "CROSSSLOT"),
        ("access a non local key", "CROSSSLOT"),
        ("exhausted the last possible ID", "STREAMFULL"),
        ("equal or smaller than the target stream top item", "STREAMFULL"),
        ("Script killed by user", "KILLED"),
        // Proxies in front of Redis: Envoy and twemproxy.
        ("no upstream host", "UPSTREAM"),
        ("upstream failure", "UPSTREAM"),
        ("Connection refused", "UPSTREAM"),
        ("Connection timed out", "UPSTREAM"),
    ]

    private static func code(of text: String) -> String {
        let first = String(text.utf8.prefix { $0 != UInt8(ascii: " ") }) ?? ""
        guard rows[first] == nil else { return first }
        if let known = texts.first(where: { text.contains($0.fragment) }) { return known.code }
        // Redis 6 puts the error of a script's command behind the place in the script.
        guard text.contains("@user_script") else { return first }
        return text.split(whereSeparator: { " :-".contains($0) }).lazy.map(String.init).first { rows[$0] != nil }
            ?? first
    }

    private static let maximumLength = 300

    private static func printable(_ text: String) -> String {
        let text = withoutControlCharacters(RedisError.withoutArguments(text))
        guard text.utf8.count > maximumLength else { return text }
        return String(decoding: text.utf8.prefix(maximumLength), as: UTF8.self) + "…"
    }
}

import Bytes
import MailQueue
import Platform

extension QueueOverview {
    /// The overview as lines for people.
    var lines: [String] {
        var lines = streams.map { stream in
            let oldest = stream.oldestAge.map { ", oldest \($0.brief)" } ?? ""
            let name = stream.priority == .high ? "queued          " : "queued in bulk  "
            return "\(name)\(stream.length) (\(stream.pending) in delivery)\(oldest)"
        }
        lines += [
            "waiting         \(retryCount) (\(dueRetryCount) due)",
            "dead letters    \(deadLetterCount)",
        ]
        for (reason, count) in deadLettersByReason.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(reason)  \(count)")
        }
        lines.append("workers         \(workers.count)")
        for worker in workers {
            lines.append("  \(worker.name)  delivering \(worker.pending), idle for \(worker.idle.brief)")
        }
        return lines
    }

    /// The overview as a JSON object.
    var json: String {
        var json = JSONWriter()
        json.member("length", length)
        if let oldestAge { json.member("oldest_age_ms", oldestAge.milliseconds) }
        json.member("streams", forEach: streams) { json, stream in
            json.member("priority", stream.priority.rawValue)
            json.member("length", stream.length)
            json.member("pending", stream.pending)
            if let oldestAge = stream.oldestAge { json.member("oldest_age_ms", oldestAge.milliseconds) }
        }
        json.member("retries", retryCount)
        json.member("retries_due", dueRetryCount)
        json.member("dead", deadLetterCount)
        json.member("dead_by_reason") { json in
            for (reason, count) in deadLettersByReason.sorted(by: { $0.key < $1.key }) { json.member(reason, count) }
        }
        json.member("workers", forEach: workers) { json, worker in
            json.member("name", worker.name)
            json.member("pending", worker.pending)
            json.member("idle_ms", worker.idle.milliseconds)
        }
        return String(decoding: json.finish(), as: UTF8.self)
    }
}

extension DeadLetter {
    /// The dead letter as a line for people.
    var text: String {
        var parts = [CivilTime(UnixTime(milliseconds: time)).rfc3339, id, reason, "attempts \(attempts)"]
        if let replyCode { parts.append("reply \(replyCode)\(enhancedStatus.map { " \($0)" } ?? "")") }
        if priority != .high { parts.append("in \(priority.rawValue)") }
        if !holdsJob { parts.append("cannot be retried") }
        return parts.joined(separator: "  ")
    }

    /// The dead letter as a JSON object.
    var json: String {
        var json = JSONWriter()
        json.member("id", id)
        json.member("time", CivilTime(UnixTime(milliseconds: time)).rfc3339)
        json.member("priority", priority.rawValue)
        json.member("reason", reason)
        json.member("attempts", attempts)
        if let replyCode { json.member("code", replyCode) }
        if let enhancedStatus { json.member("status", enhancedStatus) }
        json.member("kept", holdsJob)
        return String(decoding: json.finish(), as: UTF8.self)
    }
}

extension Duration {
    /// The duration in one unit, such as `12 s` or `3 h`.
    fileprivate var brief: String {
        let seconds = Int(components.seconds)
        return switch seconds {
        case ..<1: "\(milliseconds) ms"
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        default: "\(seconds / 3600) h"
        }
    }
}

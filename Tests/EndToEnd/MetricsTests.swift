import Foundation
import Testing
import TestSupport

@Suite
struct MetricsTests {
    @Test("handler and worker serve /metrics on loopback, in a form that promtool accepts")
    func metrics() async throws {
        let (handlerPort, workerPort) = (try freePort(), try freePort())
        let redis = try await RedisServer()
        let handler = try await Handler(
            redis: redis.address, ["POSTERN_METRICS": "\(handlerPort)", "POSTERN_IP_LIMIT": "3/1h"])
        let server = try await ScriptedSMTPServer(
            .init { $0.moment == .recipient && $0.line.contains("gone@") ? .reply("550 5.1.1 no") : nil })
        let worker = try await Worker(
            redis: redis.address, mail: "smtp://localhost:\(server.port)", ["POSTERN_METRICS": "\(workerPort)"])
        for (address, status) in [("ada", 200), ("gone", 200), ("", 400), ("grace", 200), ("alan", 429)] {
            #expect(try handler.signIn("{\"email\":\"\(address)@example.com\"}").status == status)
        }
        try await eventually("the emails to arrive") { server.messages.count == 2 }
        try await eventually("the dead letter") { try redis.command("XLEN", "postern:mail:dead") == "1" }

        let requested = try metrics(at: handlerPort)
        #expect(requested.contains("postern_mail_queued_total 3\n"))
        #expect(requested.contains("postern_rate_limited_total{limit=\"client\"} 1\n"))
        for (status, count) in [(200, 3), (400, 1), (429, 1)] {
            let series = "postern_http_requests_total{route=\"/auth/send-magic-link\",status=\"\(status)\"} \(count)\n"
            #expect(requested.contains(series), "\(requested)")
        }
        try await eventually("the worker's counts") {
            try metrics(at: workerPort).contains("postern_mail_in_flight 0\n")
        }
        let delivered = try metrics(at: workerPort)
        for line in [
            "postern_mail_claimed_total 3", "postern_mail_attempts_total{outcome=\"delivered\"} 2",
            "postern_mail_attempts_total{outcome=\"permanent\"} 1",
            "postern_mail_dead_letters_total{reason=\"rejected\"} 1",
            "postern_mail_delivery_age_seconds_count 2",
        ] {
            #expect(delivered.contains(line + "\n"), "\(delivered)")
        }
        for text in [requested, delivered] { try await expectWellFormed(text) }
        #expect(worker.process.isRunning)
    }

    @Test("if the port for metrics is taken, handler and worker end with a line that says so")
    func portTaken() async throws {
        let redis = try await RedisServer()
        let taken = ["POSTERN_METRICS": "\(redis.port)"]
        let worker = try Worker.start(redis: redis.address, mail: "maildir:///tmp/nowhere", taken)
        #expect(try await worker.waitForExit() == 1)
        #expect(worker.log.contains("postern: cannot serve metrics on 127.0.0.1:\(redis.port): "))
        let handler = try await Handler(redis: redis.address, taken)
        #expect(try await handler.process.waitForExit() == 1)
        #expect(handler.process.log.contains("postern-handler: cannot serve metrics on 127.0.0.1:\(redis.port): "))
    }

    private func metrics(at port: Int) throws -> String {
        let connection = try RawHTTP(port: port)
        try connection.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let response = try connection.readResponse()
        #expect(response.status == 200)
        #expect(response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        return String(decoding: response.body, as: UTF8.self)
    }

    /// Checks metrics with `promtool`.
    private func expectWellFormed(_ text: String) async throws {
        let folder = try Folder()
        try text.write(toFile: "\(folder.path)/metrics", atomically: true, encoding: .utf8)
        let promtool = try ChildProcess("sh", ["-c", "promtool check metrics < '\(folder.path)/metrics'"])
        #expect(try await promtool.waitForExit() == 0, "\(promtool.log)")
        #expect(promtool.log.isEmpty, "\(promtool.log)")
    }
}

import Foundation
import Testing
import TestSupport

@Suite
struct ProcessTests {
    @Test("after SIGTERM the handler is not ready, still answers, and then ends with status 0")
    func drain() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        #expect(try handler.get("/readyz").status == 200)
        handler.process.signal(SIGTERM)
        try await eventually("readiness to end") { try handler.get("/readyz").status == 503 }
        #expect(try handler.signIn().status == 200)
        #expect(try await handler.process.waitForExit(within: .seconds(10)) == 0)
    }

    @Test("SIGINT ends the handler with status 0, too")
    func interrupt() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        handler.process.signal(SIGINT)
        #expect(try await handler.process.waitForExit(within: .seconds(10)) == 0)
    }

    @Test(
        "a wrong setting ends the handler with status 78 and one line that names it",
        arguments: [
            ("REDIS_URL", "s3cret"), ("POSTERN_SECRET_KEYS", "k1:s3cret"), ("POSTERN_ALLOWED_ORIGINS", "s3cret"),
            ("POSTERN_IP_LIMIT", "s3cret"), ("PORT", "s3cret"),
        ])
    func wrongSetting(name: String, value: String) async throws {
        let handler = try await Handler(redis: "redis://127.0.0.1:1", [name: value])
        #expect(try await handler.process.waitForExit() == 78)
        #expect(handler.process.log.split(separator: "\n").count == 1)
        #expect(handler.process.log.contains("\(name) must"))
        #expect(handler.process.log.contains("for example \(name)="))
        #expect(!handler.process.log.contains("s3cret"))
    }

    @Test("Azure's variable for the port takes precedence over PORT")
    func azure() async throws {
        let redis = try await RedisServer()
        let (port, azure) = (try freePort(), try freePort())
        let handler = try await Handler(
            redis: redis.address, ["FUNCTIONS_CUSTOMHANDLER_PORT": "\(azure)", "PORT": "\(port)"], at: azure)
        #expect(try handler.signIn().status == 200)
        #expect(throws: RawHTTPError.self) { try RawHTTP(port: port) }
    }

    @Test("if its port is taken, the handler ends with status 1 and a line that says so")
    func portTaken() async throws {
        let redis = try await RedisServer()
        let first = try await Handler(redis: redis.address)
        let second = try await Handler(redis: redis.address, ["PORT": "\(first.port)"])
        #expect(try await second.process.waitForExit() == 1)
        #expect(second.process.log.contains("cannot listen on 127.0.0.1:\(first.port)"))
    }

    @Test("logs at trace level contain no address, token or link")
    func log() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address, ["POSTERN_LOG_LEVEL": "trace"])
        for _ in 0..<5 {
            _ = try handler.signIn(#"{"email":"ada@customer.example","callback_next":"/invoices/17"}"#)
        }
        _ = try handler.signIn(#"{"email":"ada@customer.example"#)
        let log = handler.process.log
        #expect(log.contains("rate_limited"))
        for word in ["customer", "ada@", "token=", "invoices"] { #expect(!log.contains(word), "\(word)") }
        for line in log.split(separator: "\n") {
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        }
    }

    @Test("if the limit on open files is too low, the handler ends with status 1 and a line that names it")
    func fileLimit() async throws {
        let bootstrap = Handler.repository.appendingPathComponent("bootstrap").path
        let process = try ChildProcess(
            "sh", ["-c", "ulimit -n 100 && exec '\(bootstrap)'"],
            environment: [
                "HOST": "127.0.0.1", "PORT": "0", "REDIS_URL": "redis://127.0.0.1:\(try freePort())",
                "POSTERN_ALLOWED_ORIGINS": "https://example.com", "POSTERN_SECRET_KEYS": Handler.secretKey,
            ])
        #expect(try await process.waitForExit() == 1)
        let line = "the limit on open files (ulimit -n) is 100, but at least 128 is needed"
        #expect(process.log.contains("postern-handler: cannot start: \(line)\n"))
    }

    @Test("the served openapi.yaml is the repository's file")
    func description() async throws {
        let redis = try await RedisServer()
        let handler = try await Handler(redis: redis.address)
        let response = try handler.get("/openapi.yaml")
        #expect(response["Content-Type"] == "application/yaml")
        let file = try Data(contentsOf: Handler.repository.appendingPathComponent("openapi.yaml"))
        #expect(Data(response.body) == file)
    }
}

import Platform
import Serving
import Settings
import Testing

@Suite
struct RequestSourceTests {
    private func source(_ variables: [String: String]) throws -> RequestSource {
        try RequestSource(Environment(variables))
    }

    private let ownID = String(getpid())

    @Test(
        "Azure's variable for the port takes precedence over PORT",
        arguments: [
            ([:], "0.0.0.0", 8080), (["PORT": "9000"], "0.0.0.0", 9000), (["HOST": "::1", "PORT": "0"], "::1", 0),
            (["FUNCTIONS_CUSTOMHANDLER_PORT": "7071", "PORT": "80"], "0.0.0.0", 7071),
            (["FUNCTIONS_CUSTOMHANDLER_PORT": "", "PORT": "80"], "0.0.0.0", 80),
            // Sockets that are not meant for this process.
            (["LISTEN_FDS": "1"], "0.0.0.0", 8080), (["LISTEN_FDS": "1", "LISTEN_PID": "1"], "0.0.0.0", 8080),
            (["LISTEN_FDS": "1", "LISTEN_PID": "x"], "0.0.0.0", 8080),
        ] as [([String: String], String, Int)])
    func address(variables: [String: String], host: String, port: Int) throws {
        #expect(try source(variables) == .address(host: host, port: port))
    }

    @Test("a passed socket takes precedence over an address")
    func socket() throws {
        let variables = ["LISTEN_FDS": "1", "LISTEN_PID": ownID, "PORT": "9000"]
        #expect(try source(variables) == .listeningSocket(descriptor: 3))
    }

    @Test("AWS Lambda takes precedence over both, with its concurrency")
    func lambda() throws {
        var variables = ["AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "LISTEN_FDS": "1", "LISTEN_PID": ownID]
        #expect(try source(variables) == .lambda(host: "127.0.0.1", port: 9001, concurrency: 1))
        variables["AWS_LAMBDA_MAX_CONCURRENCY"] = "64"
        #expect(try source(variables) == .lambda(host: "127.0.0.1", port: 9001, concurrency: 64))
    }

    @Test(
        "an invalid variable is refused, and the error names it",
        arguments: [
            ("AWS_LAMBDA_RUNTIME_API", "localhost"), ("AWS_LAMBDA_RUNTIME_API", ":9001"),
            ("AWS_LAMBDA_RUNTIME_API", "localhost:0"), ("AWS_LAMBDA_RUNTIME_API", "localhost:65536"),
            ("AWS_LAMBDA_RUNTIME_API", "localhost:+1"), ("AWS_LAMBDA_RUNTIME_API", "http://localhost:9001"),
            ("FUNCTIONS_CUSTOMHANDLER_PORT", "x"), ("FUNCTIONS_CUSTOMHANDLER_PORT", "-1"), ("PORT", "65536"),
        ])
    func wrong(name: String, value: String) throws {
        let error = try #require(throws: SettingError.self) { try source([name: value]) }
        #expect(error.name == name)
    }

    @Test("any number of passed sockets except 1 is refused", arguments: ["0", "2", "one"])
    func sockets(count: String) throws {
        let error = try #require(throws: SettingError.self) {
            try source(["LISTEN_FDS": count, "LISTEN_PID": ownID])
        }
        #expect(error.name == "LISTEN_FDS")
    }

    @Test("a concurrency outside 1 to 1000 is refused", arguments: ["0", "1001", "-1", "many"])
    func concurrency(value: String) throws {
        let variables = ["AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "AWS_LAMBDA_MAX_CONCURRENCY": value]
        let error = try #require(throws: SettingError.self) { try source(variables) }
        #expect(error.name == "AWS_LAMBDA_MAX_CONCURRENCY")
        // The Runtime API's address can still be read, to report the error.
        #expect(try RequestSource.runtimeAPI(Environment(variables))?.port == 9001)
    }
}

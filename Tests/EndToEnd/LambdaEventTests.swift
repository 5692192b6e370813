import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(3)))
struct LambdaEventTests {
    @Test(
        "the sample events in deploy/aws-lambda are answered with 200, by bootstrap and by the handler alone",
        arguments: ["bootstrap", ".build/postern/bin/postern-handler"])
    func samples(program: String) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(
            redis: redis.address, ["POSTERN_ALLOWED_ORIGINS": "https://portal.example.com"], program: program)
        let folder = Handler.repository.appendingPathComponent("deploy/aws-lambda/events")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }
        #expect(files.count >= 6)
        for file in files {
            let outcome = try await lambda.api.invoke(Array(Data(contentsOf: file)))
            #expect(outcome.status == 200, "\(file.lastPathComponent): \(outcome)")
        }
        // One more is the look at Redis at the start.
        #expect(try redis.callCount(of: "evalsha") == 1 + files.count)
    }

    @Test("a stage is removed from the start of the path, once, and only as a whole segment")
    func stage() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        let path = "/auth/send-magic-link"
        let table: [(LambdaShape, String, Int)] = [
            (.httpAPIWithStage, "/live\(path)", 200), (.httpAPIWithStage, path, 200),
            (.httpAPIWithStage, "/live/live\(path)", 404), (.httpAPIWithStage, "/lively\(path)", 404),
            (.httpAPIWithStage, "/Live\(path)", 404), (.httpAPIWithStage, "/li%76e\(path)", 404),
            (.httpAPIWithStage, "//live\(path)", 404), (.httpAPIWithStage, "/live", 404),
            (.httpAPIWithStage, "/live/", 404), (.httpAPIWithStage, "/live/\(path)", 404),
            (.httpAPIWithStage, "live\(path)", 404), (.httpAPIWithStage, "", 404),
            (.httpAPI, "/live\(path)", 404), (.httpAPI, "/$default\(path)", 404),
            (.functionURL, "/live\(path)", 404), (.loadBalancer, "/live\(path)", 404),
        ]
        for (shape, path, status) in table {
            let event = LambdaRequest.signIn().event(as: shape) { event in
                event[shape.isLoadBalancer ? "path" : "rawPath"] = path
                guard var context = event["requestContext"] as? [String: Any],
                    var http = context["http"] as? [String: Any]
                else { return }
                http["path"] = path
                context["http"] = http
                event["requestContext"] = context
            }
            #expect(try await lambda.api.invoke(event).status == status, "\(path) as \(shape)")
        }
    }

    @Test("an HTTP API's stage is removed from the start of the path with format 1.0, too")
    func stageInFormat1() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        for (path, status) in [
            ("/live/auth/send-magic-link", 200), ("/auth/send-magic-link", 200), ("/lively/auth/send-magic-link", 404),
        ] {
            let event = LambdaRequest.signIn().event(as: .httpAPIFormat1) { event in
                event["path"] = path
                guard var context = event["requestContext"] as? [String: Any] else { return }
                context["path"] = path
                context["stage"] = "live"
                event["requestContext"] = context
            }
            #expect(try await lambda.api.invoke(event).status == status, "\(path)")
        }
    }

    @Test("a body in base64 is decoded, and then read like any other", arguments: LambdaShape.allCases)
    func base64(shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        let body = Array(#"{"email":"ada@example.com"}"#.utf8)
        func padded(to count: Int) -> [UInt8] { body + Array(repeating: 0x20, count: count - body.count) }
        let table: [([UInt8], Int, String?)] = [
            (body, 200, nil), ([], 400, "invalid_json"), (body + [0xC3, 0x28], 400, "invalid_json"),
            (body + [0], 400, "invalid_json"), (padded(to: 16_384), 200, nil),
            (padded(to: 16_385), 413, "payload_too_large"), (padded(to: 4_000_000), 413, "payload_too_large"),
        ]
        for (body, status, code) in table {
            for isBase64Encoded in [false, true] where isBase64Encoded || !body.contains(0xC3) {
                let request = LambdaRequest.signIn().with { request in
                    request.body = body
                    request.isBase64Encoded = isBase64Encoded
                }
                let answer = try await lambda.answer(to: request, as: shape)
                #expect(answer.status == status, "\(body.count) bytes, base64: \(isBase64Encoded)")
                #expect(answer.code == code)
                #expect(answer.fault(as: shape) == nil)
            }
        }
        for text in ["%%%", "ey", "eyJlbWFpbCI6ImFkYUBleGFtcGxlLmNvbSJ9=", #"{"email":"ada@example.com"}"#] {
            let event = LambdaRequest.signIn(text).event(as: shape) { $0["isBase64Encoded"] = true }
            let outcome = try await lambda.api.invoke(event)
            #expect(outcome.isUnreadable || outcome.status == 400, "\(text): \(outcome)")
        }
        #expect(try await lambda.answer(as: shape).status == 200)
    }

    @Test("an error is in the language that the person prefers", arguments: LambdaShape.allCases)
    func language(shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        for (body, language) in [("{}", "he"), (String(repeating: " ", count: 16_385), "he"), ("{", "en")] {
            let request = LambdaRequest.signIn(body).with { $0.fields.append(("Accept-Language", "he-IL,he;q=0.9")) }
            let answer = try await lambda.answer(to: request, as: shape)
            #expect(answer["Content-Language"] == language)
            #expect(answer["Vary"] == "Origin, Accept-Language")
        }
    }

    @Test(
        "the query is percent-decoded once, whether the trigger has already decoded it or not",
        arguments: LambdaShape.allCases)
    func query(shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address, InvocationKind.settings)
        // A script is called only for a value that has the form of a token.
        let token = InvocationKind.unknownToken
        let escaped = "%41\(token.dropFirst())"
        let table: [(String, Int)] = [
            ("token=\(token)", 1), ("token=\(escaped)", 1), ("token=\(escaped.replacing("%", with: "%25"))", 0),
            ("token=\(escaped)&a=b%26c%3Dd", 1), ("a=%26token%3D\(token)", 0), ("a=b;token=\(token)", 0),
            ("to%6ben=\(token)", 1), ("token=\(token)&empty=&none", 1), ("token=%20\(token)", 0), ("token", 0), ("", 0),
            // A load balancer without multi-value headers passes on only the last value.
            ("token=\(token)&token=\(token)", shape == .loadBalancer ? 1 : 0),
        ]
        for (query, calls) in table {
            let before = try redis.callCount(of: "evalsha")
            let answer = try await lambda.answer(to: LambdaRequest("GET", "/auth/open", query: query), as: shape)
            #expect(answer.status == 410)
            #expect(try redis.callCount(of: "evalsha") == before + calls, "\(query)")
        }
    }

    @Test(
        "both lines of a repeated field count, so that an allowed origin does not hide another",
        arguments: LambdaShape.allCases.filter { $0 != .loadBalancer }, [false, true])
    func twice(shape: LambdaShape, isAllowedLast: Bool) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        var origins = ["https://evil.example", "https://example.com"]
        if !isAllowedLast { origins.reverse() }
        let request = LambdaRequest.signIn().with { request in
            request.fields = origins.map { (name: "Origin", value: $0) } + [request.fields[1]]
        }
        let answer = try await lambda.answer(to: request, as: shape)
        #expect(answer.status == 400)
        #expect(answer.code == "origin_not_allowed")
    }

    @Test("the request id is the client's, or else Lambda's", arguments: LambdaShape.allCases)
    func requestID(shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        let requestID = RuntimeAPIServer.newRequestID()
        #expect(try await lambda.answer(as: shape, requestID: requestID)["X-Request-Id"] == requestID)
        let named = LambdaRequest.signIn().with { $0.fields.append((name: "x-request-id", value: "caller-1")) }
        #expect(try await lambda.answer(to: named, as: shape)["X-Request-Id"] == "caller-1")
    }

    @Test("an event that is cut off at any length is reported as an error")
    func truncated() async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        for event in LambdaEvents.truncations(of: LambdaRequest.signIn().event(as: .httpAPI)) {
            let outcome = try await lambda.api.invoke(event)
            #expect(outcome.isUnreadable, "\(event.count) bytes: \(outcome)")
        }
        #expect(try await lambda.answer().status == 200)
        #expect(try redis.command("XLEN", "postern:mail") == "1")
    }

    @Test(
        "an event with a member of a wrong type is served without it, refused, or reported as an error",
        arguments: LambdaShape.allCases)
    func misshapen(shape: LambdaShape) async throws {
        let redis = try await RedisServer()
        let lambda = try await LambdaHandler(redis: redis.address)
        let request = LambdaRequest.signIn().with { request in
            request.query = "a=b"
            request.cookies = ["theme=dark"]
        }
        let needed: Set = [
            "$", "$.httpMethod", "$.path", "$.body", "$.requestContext.http", "$.requestContext.http.method",
        ]
        for (member, event) in LambdaEvents.misshapen(request, as: shape) {
            let outcome = try await lambda.api.invoke(event)
            let isRefused = outcome.isUnreadable || [400, 404, 405, 415].contains(outcome.status)
            #expect(isRefused || (outcome.status == 200 && !needed.contains(member)), "\(member): \(outcome)")
        }
        #expect(lambda.api.violations.isEmpty, "\(lambda.api.violations.prefix(5))")
        #expect(try await lambda.answer(as: shape).status == 200)
    }
}

import SignIn
import TestSupport
import Testing
import Web

@Suite
struct EveryResponseTests {
    private static let cases = [
        CrossOriginCase(status: 200, request: .get("/healthz")),
        CrossOriginCase(status: 200, request: .get("/healthz")),
        CrossOriginCase(status: 200, request: Request(method: .head, path: "/healthz")),
        CrossOriginCase(status: 200, request: .signIn()),
        CrossOriginCase(status: 204, request: Request(method: .options, path: "/auth/send-magic-link")),
        CrossOriginCase(status: 400, request: .signIn("")),
        CrossOriginCase(status: 400, request: .signIn("{}")),
        CrossOriginCase(status: 400, request: .signIn(origin: nil)),
        CrossOriginCase(status: 400, request: .signIn(origin: "https://evil.example")),
        CrossOriginCase(status: 404, request: .get("/nothing")),
        CrossOriginCase(status: 405, request: .get("/auth/send-magic-link")),
        CrossOriginCase(status: 415, request: .signIn(contentType: nil)),
    ]

    /// The values of a field, one for each of its lines.
    private func values(_ name: ResponseFields.Name, _ response: Response) -> [String] {
        response.fields.lines.filter { $0.name == name }.map(\.value)
    }

    private func expectCommonFields(_ response: Response, id: String?) {
        #expect(values(.cacheControl, response) == ["no-store"])
        #expect(values(.contentTypeOptions, response) == ["nosniff"])
        let isError = response.status.rawValue >= 400
        #expect(values(.vary, response) == [isError ? "Origin, Accept-Language" : "Origin"])
        #expect(values(.contentLanguage, response) == (isError ? ["en"] : []))
        let ids = values(.requestID, response)
        #expect(ids.count == 1)
        if let id {
            #expect(ids == [id])
        } else {
            #expect(ids.first?.utf8.count == 32)
        }
        let names = response.fields.lines.map(\.name)
        #expect(Set(names).count == names.count, "a field is there twice")
    }

    @Test("every response forbids caching and sniffing, and has a request id; each error has a language")
    func common() async throws {
        let server = try await RedisServer()
        let harness = try await SignInHarness(server)
        for testCase in EveryResponseTests.cases {
            let unnamed = await harness.respond(to: testCase.request)
            #expect(unnamed.status.rawValue == testCase.status)
            expectCommonFields(unnamed, id: nil)

            var request = testCase.request
            request.fields.append("X-Request-Id", "caller/17")
            let named = await harness.respond(to: request)
            #expect(named.status.rawValue == testCase.status)
            expectCommonFields(named, id: "caller/17")
        }
    }

    @Test("requests without a valid id get a new one each")
    func names() async throws {
        let harness = try await SignInHarness()
        var ids: Set<String> = []
        for given in [nil, nil, "", "a b", String(repeating: "x", count: 129)] as [String?] {
            let fields: RequestFields = if let given { ["X-Request-Id": given] } else { [:] }
            let response = await harness.respond(to: .get("/healthz", fields: fields))
            let id = try #require(response.fields[.requestID])
            #expect(id != given)
            ids.insert(id)
        }
        #expect(ids.count == 5)
    }

    @Test("two lines of X-Request-Id are ignored")
    func twoNames() async throws {
        let harness = try await SignInHarness()
        var request = Request.get("/healthz")
        request.fields.append("X-Request-Id", "one")
        request.fields.append("X-Request-Id", "two")
        expectCommonFields(await harness.respond(to: request), id: nil)
    }

    @Test("the refusals of a runtime have these fields, too")
    func refusedByRuntime() async throws {
        let harness = try await SignInHarness()
        for refusal in [HTTPError.badRequest, .payloadTooLarge, .requestTimeout, .headerFieldsTooLarge] {
            expectCommonFields(harness.service.response(to: refusal), id: nil)
            let named = harness.service.response(to: refusal, fields: ["X-Request-Id": "caller/17"])
            expectCommonFields(named, id: "caller/17")
            #expect(named.status == refusal.code.status)
            #expect(named.code == refusal.code.rawValue)
        }
    }
}

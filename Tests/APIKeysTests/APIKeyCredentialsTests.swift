import Testing

@testable import APIKeys

@Suite
struct APIKeyCredentialsTests {
    private static let key = APIKeyTests.text

    @Test(
        "the case of the scheme is ignored, and one or more spaces follow it",
        arguments: ["Bearer \(key)", "bearer \(key)", "BEARER \(key)", "bEaReR \(key)", "Bearer   \(key)"])
    func accepted(field: String) {
        guard case .key(let key) = APIKeyCredentials(field) else {
            Issue.record("it is not accepted")
            return
        }
        #expect(key.text == APIKeyCredentialsTests.key)
    }

    @Test(
        "anything else is malformed",
        arguments: [
            "", " ", "Bearer", "Bearer ", key, " Bearer \(key)", "Bearer\(key)", "Bearer\t\(key)", "Bearer: \(key)",
            "Basic \(key)", "Token \(key)", "Bearers \(key)", "Beare \(key)", "Bearer \(key) ", "Bearer \(key)\t",
            "Bearer \"\(key)\"", "Bearer \(key), Bearer \(key)", "Bearer \(key), x", "Bearer x, Bearer \(key)",
            "Bearer pk_", "Bearer sk_" + key.dropFirst(3), "Bearer \(key.dropLast())", "Bearer \(key)A",
            "Bearer " + String(repeating: "A", count: 10_000), String(repeating: "Bearer ", count: 2_000),
            "ＢＥＡＲＥＲ \(key)",
        ])
    func malformed(field: String) {
        guard case .malformed = APIKeyCredentials(field) else {
            Issue.record("it is not malformed")
            return
        }
    }

    @Test("a request without the field has no credentials")
    func none() {
        guard case .none = APIKeyCredentials(nil) else {
            Issue.record("it has credentials")
            return
        }
    }
}

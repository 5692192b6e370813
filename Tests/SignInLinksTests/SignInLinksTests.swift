import Foundation
import Platform
import Redis
import Settings
import Telemetry
import Testing
import Web

@testable import SignInLinks

@Suite
struct SignInLinksTests {
    private func feature(_ settings: [String: String]) throws -> SignInLinks {
        let environment = Environment(
            [
                "REDIS_URL": "redis://127.0.0.1:1", "POSTERN_ALLOWED_ORIGINS": "https://portal.example",
                "POSTERN_SECRET_KEYS": "k1:\(Data(0..<32).base64EncodedString())",
            ].merging(settings) { _, given in given })
        return try SignInLinks(
            FeatureSetup(
                environment: environment, shared: try SharedSettings(environment),
                redis: try RedisSettings(environment), metrics: MetricsRegistry()))
    }

    @Test(
        "settings of the handler alone are not read",
        arguments: ["POSTERN_CODE_LIMIT", "POSTERN_SIGNING_KEYS", "POSTERN_ISSUER", "POSTERN_NEWEST_LINK_ONLY"])
    func handlerSettings(name: String) throws {
        #expect(throws: Never.self) { try feature([name: "é"]) }
    }

    @Test(
        "settings of links are read",
        arguments: [
            "POSTERN_ALLOWED_ORIGINS", "POSTERN_CALLBACK_PATH", "POSTERN_LANDING_URL", "POSTERN_LINK_LIFETIME",
            "POSTERN_LINK_RETENTION", "POSTERN_LANGUAGES",
        ])
    func linkSettings(name: String) throws {
        #expect(throws: SettingError.self) { try feature([name: "é"]) }
    }
}

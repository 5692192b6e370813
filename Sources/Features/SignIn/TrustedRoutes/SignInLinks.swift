import Cryptography
import Redis
import Settings
import SignIn
import Web

/// Links that trusted callers request: for sign-in, invitations, and the proof of an address.
package struct SignInLinks: Feature {
    /// Without limits: those of the API are limits of its keys.
    var policy: SignInPolicy
    private let setup: FeatureSetup
    private let metrics: SignInLinkMetrics

    package init(_ setup: FeatureSetup) throws(SettingError) {
        self.setup = setup
        policy = try SignInSettings.policy(
            setup.environment, limits: SignInLimits(client: nil, recipient: nil, deployment: nil))
        metrics = SignInLinkMetrics(setup.metrics)
    }

    package static let apiDescription = EmbeddedFiles.all["openapi.json"]!  // A file of this folder.

    package static let words = [signInWords]

    package var scripts: [ScriptSource] { [issueLink.source] }

    package func routes(on redis: RedisClient) throws -> [Route] {
        let store = try SignInStore(
            redis: redis, policy: policy, keyPrefix: setup.redis.keyPrefix,
            secretKeys: setup.shared.secretKeys, random: .system)
        let answers = IdempotentAnswers(keyPrefix: setup.redis.keyPrefix, secretKeys: setup.shared.secretKeys)
        return [
            Route(.post, "/v1/sign-in-links", .apiKey("links:write"), IssueLink(store, answers, metrics).respond)
        ]
    }
}

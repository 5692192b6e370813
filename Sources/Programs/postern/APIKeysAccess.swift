import APIKeys
import Cryptography
import Logging
import NIOPosix
import Platform
import Redis
import Settings

/// Runs a command's work on the API keys.
/// - Throws: The exit status for a wrong setting or an error of the store, after a line on standard error; or any other
///   error of `body`.
func withAPIKeys(_ body: (APIKeyStore) async throws -> Void) async throws {
    let settings: RedisSettings
    let shared: SharedSettings
    do throws(SettingError) {
        settings = try RedisSettings(Environment())
        shared = try SharedSettings(Environment())
    } catch {
        throw CommandFailure.wrongSetting(error)
    }
    let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    // The command itself reports what the client would log.
    let logger = Logger(label: "postern") { _ in SwiftLogNoOpLogHandler() }
    let redis = try await redisClient(settings, "postern-api-keys", [], eventLoop, logger)
    defer { redis.close() }
    do {
        try await body(
            APIKeyStore(
                redis: redis, keyPrefix: settings.keyPrefix, secretKeys: shared.secretKeys, random: .system))
    } catch let error as StoreError {
        throw CommandFailure.redisFailed(error)
    }
}

/// The name of the operating system's user that runs the command, or `uid` and its number.
func currentUser() -> String {
    let id = getuid()
    guard let entry = getpwuid(id), let name = entry.pointee.pw_name else { return "uid \(id)" }
    return String(cString: name)
}

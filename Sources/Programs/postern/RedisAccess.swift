import ArgumentParser
import Logging
import MailQueue
import NIOCore
import NIOPosix
import Platform
import Redis
import Settings

/// Creates a Redis client on an event loop, and starts to connect.
/// - Throws: The exit status for a wrong setting.
func redisClient(
    _ settings: RedisSettings, _ name: String, _ scripts: [ScriptSource], _ eventLoop: any EventLoop,
    _ logger: Logger, onFailure: (@Sendable (RedisError) -> Void)? = nil
) async throws -> RedisClient {
    do {
        let client = try await eventLoop.submit {
            try settings.client(
                named: name, scripts: scripts, on: eventLoop, logger: logger, onFailure: onFailure)
        }.get()
        client.start()
        return client
    } catch let error as SettingError {
        throw CommandFailure.wrongSetting(error)
    }
}

/// Runs a command's work on the queue.
/// - Throws: The exit status for a wrong setting or a Redis error, after a line on standard error; or any other error
///   of `body`.
func withQueue(_ body: (QueueOperations) async throws -> Void) async throws {
    let settings: RedisSettings
    do throws(SettingError) {
        settings = try RedisSettings(Environment())
    } catch {
        throw CommandFailure.wrongSetting(error)
    }
    let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    // The command itself reports what the client would log.
    let logger = Logger(label: "postern") { _ in SwiftLogNoOpLogHandler() }
    let redis = try await redisClient(settings, "postern-queue", [], eventLoop, logger)
    defer { redis.close() }
    do {
        try await body(QueueOperations(redis: redis, keyPrefix: settings.keyPrefix))
    } catch let error as RedisError {
        endProgress()
        throw CommandFailure.redisFailed(error)
    }
}

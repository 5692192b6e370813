import ArgumentParser
import Logging
import MailQueue
import NIOCore
import NIOPosix
import Platform
import Redis
import Settings
import Telemetry

/// Makes a client on an event loop, and begins to connect.
func redisClient(
    _ settings: RedisSettings, _ name: String, _ scripts: [Script], _ eventLoop: any EventLoop,
    _ logger: Logger
) async throws -> RedisClient {
    do {
        let client = try await eventLoop.submit {
            try settings.client(named: name, scripts: scripts, on: eventLoop, logger: logger)
        }.get()
        client.start()
        return client
    } catch let error as SettingError {
        throw CommandFailure.wrongSetting(error)
    }
}

/// Lends the queue to a command, and says so where Redis does not answer.
func withQueue(_ body: (QueueOperations) async throws -> Void) async throws {
    let settings: RedisSettings
    do throws(SettingError) {
        settings = try RedisSettings(Environment())
    } catch {
        throw CommandFailure.wrongSetting(error)
    }
    let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    // What the client would log is what the command itself says.
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

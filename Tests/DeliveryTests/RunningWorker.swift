import Cryptography
import MailQueue
import Net
import Platform
import Redis
import TestSupport

@testable import Delivery

/// A ``Worker`` on the queue of a ``WorkerHarness``, which delivers to a scripted server until it is stopped.
struct RunningWorker {
    private let task: Task<Void, Never>
    private let server: ScriptedSMTPServer

    init(
        on harness: WorkerHarness, to server: ScriptedSMTPServer, concurrency: Int = 8, timeout: Duration = .seconds(30)
    ) {
        let time = harness.time
        let worker = Worker(
            configuration: WorkerConfiguration(
                concurrency: concurrency, deliveryTimeout: timeout, redisTimeout: .seconds(10)),
            queue: harness.queue, keys: MailJobKeys(WorkerHarness.keys), renderer: WorkerHarness.renderer,
            transport: SMTPTransport(
                port: server.port, connections: concurrency + Slots.maximumParkedCount(of: concurrency)),
            now: { time.value }, metrics: harness.metrics, logger: harness.log.logger)
        self.server = server
        task = Task { await worker.run() }
    }

    /// Stops the server, which ends deliveries that wait for it, and then the worker.
    func stop() async {
        await server.close()
        task.cancel()
        await task.value
    }
}

extension WorkerHarness {
    /// Queues a job for each of the addresses.
    func queue(_ addresses: [String], _ priority: MailPriority = .high, from sender: Mailbox? = nil) async throws {
        let ring = try WorkerHarness.ring()
        for address in addresses {
            let job = try WorkerHarness.job(to: address, priority, from: sender)
            let sealed = try job.sealed(by: ring, random: .system)
            var command = RedisCommand(
                "XADD", priority == .high ? "postern:mail" : "postern:mail:bulk", "*", "v", "\(sealed.version)", "id",
                sealed.id, "key", sealed.keyID, "job")
            command.append(sealed.box)
            _ = try await redis.send(command)
        }
    }
}

extension ScriptedSMTPServer {
    /// The recipients of all accepted messages.
    var acceptedRecipients: [String] { messages.filter(\.isAccepted).flatMap(\.recipients) }
}

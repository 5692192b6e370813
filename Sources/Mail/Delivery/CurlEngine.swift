import CCurl
import Dispatch
import Foundation
import Platform
import Synchronization

/// Runs libcurl transfers on threads of its own, one thread per connection. A thread keeps its connection open for its
/// next transfer.
///
/// libcurl's multi interface would need only one thread, but its SMTP code blocks that thread until the reply to the
/// end of a message (libcurl 7.88, `smtp_done`): one slow reply would hold up all other messages. Threads are started
/// on demand, and the most recently used idle thread is used first, so that a light load needs few connections.
final class CurlEngine: Sendable {
    private let pool: CurlPool

    /// Whether libcurl is initialized. This happens once in a process, before any thread uses it.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// - Parameter connections: the maximum number of open connections. Transfers beyond that wait for one.
    init(connections: Int) {
        guard CurlEngine.isReady else { fatalError("out of memory") }  // It fails for no other reason.
        pool = CurlPool(maximumThreadCount: connections)
    }

    deinit { pool.close() }

    /// Runs a transfer and returns its result. The transfer ends by its own deadline, even while it waits for a
    /// connection.
    func run(_ transfer: CurlTransfer) async -> CurlTransfer.End {
        await withCheckedContinuation { continuation in
            pool.run(CurlTask(transfer: transfer) { continuation.resume(returning: $0) })
        }
    }
}

/// A transfer with its completion handler, which is called once.
private final class CurlTask: Sendable {
    let transfer: CurlTransfer
    let complete: @Sendable (CurlTransfer.End) -> Void

    init(transfer: CurlTransfer, complete: @escaping @Sendable (CurlTransfer.End) -> Void) {
        self.transfer = transfer
        self.complete = complete
    }
}

/// The threads, and the transfers that wait for a thread.
private final class CurlPool: Sendable {
    private struct State {
        var waiting: [CurlTask] = []
        /// The idle threads, the most recently used last.
        var idle: [CurlThread] = []
        var threadCount = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let maximumThreadCount: Int

    init(maximumThreadCount: Int) {
        self.maximumThreadCount = maximumThreadCount
    }

    /// Assigns a transfer to a thread, now or when one becomes idle.
    func run(_ task: CurlTask) {
        let thread = state.withLock { state -> CurlThread? in
            if let thread = state.idle.popLast() { return thread }
            guard state.threadCount < maximumThreadCount else {
                state.waiting.append(task)
                return nil
            }
            state.threadCount += 1
            return CurlThread(self)
        }
        if let thread {
            thread.run(task)
        } else {
            let left = max(0, (task.transfer.deadline - .now).microseconds)
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(left)) { self.expire(task) }
        }
    }

    /// Returns the next transfer for a thread that has finished one. If no transfer waits, marks the thread as idle and
    /// returns `nil`.
    func next(for thread: CurlThread) -> CurlTask? {
        state.withLock { state in
            if state.waiting.isEmpty {
                if state.isClosed { thread.end() } else { state.idle.append(thread) }
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    /// Ends a transfer that still waits at its deadline.
    private func expire(_ task: CurlTask) {
        let isWaiting = state.withLock { state -> Bool in
            guard let index = state.waiting.firstIndex(where: { $0 === task }) else { return false }
            state.waiting.remove(at: index)
            return true
        }
        if isWaiting { task.complete(task.transfer.overdue) }
    }

    /// Ends idle threads now, and busy threads after their transfers.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for thread in idle { thread.end() }
    }
}

/// A thread with a libcurl handle of its own, which keeps a connection.
private final class CurlThread: Sendable {
    private enum Instruction {
        case run(CurlTask)
        case end
    }

    private let instruction = Mutex<Instruction?>(nil)
    private let isSignalled = DispatchSemaphore(value: 0)

    init(_ pool: CurlPool) {
        let thread = Thread { self.work(for: pool) }
        thread.name = "curl"
        thread.start()
    }

    /// Runs a transfer. Must be called only while the thread is idle.
    func run(_ task: CurlTask) { signal(.run(task)) }

    /// Ends the thread. Must be called only while the thread is idle.
    func end() { signal(.end) }

    private func signal(_ new: Instruction) {
        instruction.withLock { $0 = new }
        isSignalled.signal()
    }

    private func work(for pool: CurlPool) {
        guard let handle = curl_easy_init() else { fatalError("out of memory") }  // It fails for no other reason.
        defer { curl_easy_cleanup(handle) }
        while true {
            isSignalled.wait()
            guard case .run(var task) = instruction.withLock({ $0.take() }) else { return }
            while true {
                let prepared = task.transfer.prepare(handle)
                let result = prepared == CURLE_OK ? curl_easy_perform(handle) : prepared
                let end = task.transfer.end(handle, result)
                // Resets all options, but keeps the connection.
                curl_easy_reset(handle)
                // The thread becomes idle before the caller gets the result, so that the caller's next transfer can use
                // it.
                let next = pool.next(for: self)
                task.complete(end)
                guard let next else { break }
                task = next
            }
        }
    }
}

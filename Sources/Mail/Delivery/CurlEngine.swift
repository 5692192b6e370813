import CCurl
import Dispatch
import Foundation
import Net
import Platform
import Synchronization

/// Runs libcurl's transfers on threads of their own, as many at a time as there may be connections; each thread keeps
/// its connection for the next transfer.
///
/// libcurl's multi interface would need one thread alone, but its SMTP waits for the reply to a message's end without
/// letting go of that thread (libcurl 7.88, `smtp_done`): one slow reply would hold up all other messages. Threads are
/// started when they are needed, and the one that was used last is used first, so that few connections serve where
/// there is little to do.
final class CurlEngine: Sendable {
    private let pool: CurlPool

    /// Whether libcurl is ready: once in a process, and before any thread uses it.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// - Parameter connections: how many may be open at once; more transfers than that wait for one.
    init(connections: Int) {
        guard CurlEngine.isReady else { fatalError("out of memory") }  // It fails in no other way.
        pool = CurlPool(maximumThreadCount: connections)
    }

    deinit { pool.close() }

    /// Runs a transfer to its end, which comes within the transfer's own deadline, also where it waits for a
    /// connection.
    func run(_ transfer: CurlTransfer) async -> CurlTransfer.End {
        await withCheckedContinuation { continuation in
            pool.run(CurlOrder(transfer: transfer) { continuation.resume(returning: $0) })
        }
    }
}

/// A transfer, and what to call once when it has ended.
private final class CurlOrder: Sendable {
    let transfer: CurlTransfer
    let complete: @Sendable (CurlTransfer.End) -> Void

    init(transfer: CurlTransfer, complete: @escaping @Sendable (CurlTransfer.End) -> Void) {
        self.transfer = transfer
        self.complete = complete
    }
}

/// The threads, and the transfers that wait for one.
private final class CurlPool: Sendable {
    private struct State {
        var waiting: [CurlOrder] = []
        /// Threads with nothing to do, the one that was used last at the end.
        var idle: [CurlThread] = []
        var threadCount = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let maximumThreadCount: Int

    init(maximumThreadCount: Int) {
        self.maximumThreadCount = maximumThreadCount
    }

    /// Hands a transfer to a thread, now or when one is free.
    func run(_ order: CurlOrder) {
        let thread = state.withLock { state -> CurlThread? in
            if let thread = state.idle.popLast() { return thread }
            guard state.threadCount < maximumThreadCount else {
                state.waiting.append(order)
                return nil
            }
            state.threadCount += 1
            return CurlThread(self)
        }
        if let thread {
            thread.take(order)
        } else {
            let left = max(0, (order.transfer.deadline - .now).microseconds)
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(left)) { self.expire(order) }
        }
    }

    /// The next transfer for a thread that has finished one; where there is none the thread is idle.
    func next(for thread: CurlThread) -> CurlOrder? {
        state.withLock { state in
            if state.waiting.isEmpty {
                if state.isClosed { thread.end() } else { state.idle.append(thread) }
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    /// Ends a transfer that still waits.
    private func expire(_ order: CurlOrder) {
        let isWaiting = state.withLock { state -> Bool in
            guard let index = state.waiting.firstIndex(where: { $0 === order }) else { return false }
            state.waiting.remove(at: index)
            return true
        }
        if isWaiting { order.complete(order.transfer.overdue) }
    }

    /// Ends the threads, those at work when they have finished.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for thread in idle { thread.end() }
    }
}

/// A thread with a handle of libcurl's, which nobody else uses, and the connection that the handle keeps.
private final class CurlThread: Sendable {
    private enum Task {
        case run(CurlOrder)
        case end
    }

    private let task = Mutex<Task?>(nil)
    private let isTold = DispatchSemaphore(value: 0)

    init(_ pool: CurlPool) {
        let thread = Thread { self.work(for: pool) }
        thread.name = "curl"
        thread.start()
    }

    /// To be called while it has nothing to do.
    func take(_ order: CurlOrder) { tell(.run(order)) }

    /// To be called while it has nothing to do.
    func end() { tell(.end) }

    private func tell(_ new: Task) {
        task.withLock { $0 = new }
        isTold.signal()
    }

    private func work(for pool: CurlPool) {
        guard let handle = curl_easy_init() else { fatalError("out of memory") }  // It fails in no other way.
        defer { curl_easy_cleanup(handle) }
        while true {
            isTold.wait()
            guard case .run(var order) = task.withLock({ $0.take() }) else { return }
            while true {
                let prepared = order.transfer.prepare(handle)
                let result = prepared == CURLE_OK ? curl_easy_perform(handle) : prepared
                let end = order.transfer.end(handle, result)
                // The handle forgets the transfer, but not its connection.
                curl_easy_reset(handle)
                // Free for the next before the caller learns of the end, and may bring it.
                let next = pool.next(for: self)
                order.complete(end)
                guard let next else { break }
                order = next
            }
        }
    }
}

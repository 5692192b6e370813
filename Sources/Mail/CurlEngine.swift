import CCurl
import Foundation
import Synchronization

/// Runs libcurl's transfers on one thread of its own, many at a time, over connections that are kept and used again.
///
/// libcurl's handles belong to that thread. Callers hand a transfer over and wait; each ends within its own deadline.
final class CurlEngine: Sendable {
    private let mailroom: Mailroom

    /// Whether libcurl is ready: once in a process, and before any thread uses it.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// - Parameter connections: how many may be open at once; more transfers than that wait for one.
    init(connections: Int) {
        // It fails in no other way.
        guard CurlEngine.isReady, let multi = curl_multi_init() else { fatalError("out of memory") }
        // Idle ones that are kept count, too: libcurl closes one where another has to be made.
        _ = postern_curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
        _ = postern_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connections)
        mailroom = Mailroom(multi)
        let mailroom = mailroom
        let thread = Thread {
            var loop = CurlLoop(mailroom, connections)
            loop.run()
        }
        thread.name = "curl"
        thread.start()
    }

    deinit { mailroom.close() }

    /// Runs a transfer to its end, which comes within the transfer's own timeout.
    func run(_ transfer: CurlTransfer) async -> CurlTransfer.End {
        await withCheckedContinuation { continuation in
            mailroom.add(transfer) { continuation.resume(returning: $0) }
        }
    }
}

/// What callers and the thread share: transfers that were handed in, and libcurl's handle of all transfers.
private final class Mailroom: Sendable {
    struct Order {
        let transfer: CurlTransfer
        /// Called once, on the thread.
        let complete: @Sendable (CurlTransfer.End) -> Void
    }

    private let orders = Mutex<(waiting: [Order], isClosed: Bool)>(([], false))
    /// The thread's, which frees it once ``take()`` has said that nobody will need it; others call `curl_multi_wakeup`, which
    /// may be called from any thread, under the lock, so that it is not freed meanwhile.
    nonisolated(unsafe) let multi: UnsafeMutableRawPointer

    init(_ multi: UnsafeMutableRawPointer) {
        self.multi = multi
    }

    func add(_ transfer: CurlTransfer, _ complete: @escaping @Sendable (CurlTransfer.End) -> Void) {
        orders.withLock { orders in
            orders.waiting.append(Order(transfer: transfer, complete: complete))
            curl_multi_wakeup(multi)
        }
    }

    func close() {
        orders.withLock { orders in
            orders.isClosed = true
            curl_multi_wakeup(multi)
        }
    }

    /// All that were handed in; `nil` where nobody will hand in any more.
    func take() -> [Order]? {
        orders.withLock { orders in
            if orders.isClosed, orders.waiting.isEmpty { return nil }
            defer { orders.waiting = [] }
            return orders.waiting
        }
    }
}

/// The thread's work.
private struct CurlLoop {
    private let mailroom: Mailroom
    private let connections: Int
    /// Orders that wait for a connection: libcurl would let them wait beyond their deadlines.
    private var waiting: [Mailroom.Order] = []
    private var running: [UnsafeMutableRawPointer: Mailroom.Order] = [:]
    /// Handles that are kept for later transfers.
    private var idle: [UnsafeMutableRawPointer] = []

    init(_ mailroom: Mailroom, _ connections: Int) {
        self.mailroom = mailroom
        self.connections = connections
    }

    /// Until the engine is gone, and with it all who could wait for a transfer.
    mutating func run() {
        while let orders = mailroom.take() {
            waiting += orders
            startWaiting()
            var count: CInt = 0
            curl_multi_perform(mailroom.multi, &count)
            finishTransfers()
            // Ends when a socket is ready, one of libcurl's timers is due, or something was handed in.
            let milliseconds: CInt = waiting.isEmpty ? 1000 : running.count < connections ? 0 : 100
            curl_multi_poll(mailroom.multi, nil, 0, milliseconds, nil)
        }
        for handle in idle { curl_easy_cleanup(handle) }
        curl_multi_cleanup(mailroom.multi)
    }

    private mutating func startWaiting() {
        guard !waiting.isEmpty else { return }
        let now = ContinuousClock.now
        var left: [Mailroom.Order] = []
        for order in waiting {
            if order.transfer.deadline <= now {
                order.complete(order.transfer.overdue)
            } else if running.count < connections {
                start(order)
            } else {
                left.append(order)
            }
        }
        waiting = left
    }

    private mutating func start(_ order: Mailroom.Order) {
        // It fails in no other way.
        guard let handle = idle.popLast() ?? curl_easy_init() else { fatalError("out of memory") }
        let code = order.transfer.prepare(handle)
        guard code == CURLE_OK, curl_multi_add_handle(mailroom.multi, handle) == CURLM_OK else {
            finish(handle, order, code == CURLE_OK ? CURLE_FAILED_INIT : code)
            return
        }
        running[handle] = order
    }

    private mutating func finishTransfers() {
        var left: CInt = 0
        while let message = curl_multi_info_read(mailroom.multi, &left) {
            var result = CURLE_OK
            guard let handle = postern_curl_finished(message, &result), let order = running.removeValue(forKey: handle)
            else { continue }
            curl_multi_remove_handle(mailroom.multi, handle)
            finish(handle, order, result)
        }
    }

    private mutating func finish(_ handle: UnsafeMutableRawPointer, _ order: Mailroom.Order, _ result: CURLcode) {
        let end = order.transfer.end(handle, result)
        // Connections stay with the handle of all transfers.
        curl_easy_reset(handle)
        idle.append(handle)
        order.complete(end)
    }
}

import NIOCore
import Platform

/// The open connections of one event loop, what they cost, and their turns. It must be used only on that loop.
final class LoopConnections {
    /// The memory of an open connection without a request: its channel, its handlers, and the buffer that it reads into.
    static let connectionByteCount = 8 * 1024
    /// The time between two turns. In between, the event loop reads from its sockets. It runs all tasks that are due
    /// before that, so the time must be longer than it takes to look for them, even on a busy machine.
    private static let turnInterval = TimeAmount.microseconds(500)
    /// The fall of memory in use from which on what is free is given back to the system.
    private static let trimByteCount = 4 * 1024 * 1024

    let writer = ResponseWriter()
    /// The server's connections on all loops.
    let census: ConnectionCensus
    private let eventLoop: any EventLoop
    private let maximumByteCount: Int

    private var all: [HTTPConnectionHandler] = []
    private var waitingForTurn: [HTTPConnectionHandler] = []
    private var isTurnScheduled = false
    private var isReliefScheduled = false
    private var byteCount = 0
    private var highestByteCount = 0
    private var inFlightByteCount = 0

    init(on eventLoop: any EventLoop, census: ConnectionCensus, maximumByteCount: Int) {
        self.eventLoop = eventLoop
        self.census = census
        self.maximumByteCount = maximumByteCount
    }

    // MARK: - Connections

    /// Adds a connection that was accepted. Where many are open, or many of the client's network, the ones that are
    /// longest without a request make room.
    /// - Returns: whether there is room for it.
    func add(_ connection: HTTPConnectionHandler) -> Bool {
        let isNetworkFull = !census.opened(from: connection.network)
        if isNetworkFull, makeRoom(for: census.networkBatchCount, where: { $0.network == connection.network }) == 0 {
            census.closed(from: connection.network)
            return false
        }
        if census.isCrowded { makeRoom(for: census.batchCount) }
        connection.index = all.count
        all.append(connection)
        adjust(by: LoopConnections.connectionByteCount)
        return true
    }

    /// Removes a connection that was added and has closed.
    func remove(_ connection: HTTPConnectionHandler) {
        guard let index = connection.index else { return }
        connection.index = nil
        census.closed(from: connection.network)
        let last = all.removeLast()
        if last !== connection {
            all[index] = last
            last.index = index
        }
        adjust(by: -LoopConnections.connectionByteCount)
    }

    /// Closes the connections that are longest without a request.
    /// - Returns: the number of connections that were closed.
    @discardableResult
    private func makeRoom(for count: Int, where isCandidate: (HTTPConnectionHandler) -> Bool = { _ in true }) -> Int {
        var candidates = all.filter { $0.canMakeRoom && isCandidate($0) }
        if count == 1 {
            candidates = candidates.min { $0.lastRequest < $1.lastRequest }.map { [$0] } ?? []
        } else {
            candidates.sort { $0.lastRequest < $1.lastRequest }
        }
        for connection in candidates.prefix(count) { connection.makeRoom() }
        return min(count, candidates.count)
    }

    // MARK: - Memory

    /// Whether requests in flight use so much memory that no other can be answered.
    var isFull: Bool { inFlightByteCount > maximumByteCount / 2 }

    /// Records a change of the bytes of requests that are being answered.
    func adjustInFlight(by difference: Int) { inFlightByteCount += difference }

    /// Records a change of the memory in use.
    func adjust(by difference: Int) {
        byteCount += difference
        if difference > 0 {
            highestByteCount = max(highestByteCount, byteCount)
            guard byteCount > maximumByteCount, !isReliefScheduled else { return }
            isReliefScheduled = true
            eventLoop.assumeIsolated().execute { self.relieve() }
        } else if highestByteCount - byteCount >= LoopConnections.trimByteCount, byteCount < highestByteCount / 2 {
            highestByteCount = byteCount
            // Soon, when the connections' objects are gone too.
            eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { returnFreeMemory() }
        }
    }

    /// Closes the connections that use the most memory, until an eighth of what is permitted is free: so each look at
    /// all connections is paid for by what clients must send until the next.
    private func relieve() {
        isReliefScheduled = false
        let wanted = maximumByteCount / 8 * 7
        guard byteCount > wanted else { return }
        for connection in all.filter(\.canMakeRoom).sorted(by: { $0.byteCount > $1.byteCount }) {
            guard byteCount > wanted else { return }
            connection.freeMemory()
        }
    }

    // MARK: - Turns

    /// Lets a connection decode its next request after the event loop has read from all sockets.
    func waitForTurn(_ connection: HTTPConnectionHandler) {
        waitingForTurn.append(connection)
        if !isTurnScheduled { scheduleTurn() }
    }

    private func scheduleTurn() {
        isTurnScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: LoopConnections.turnInterval) { self.takeTurns() }
    }

    private func takeTurns() {
        let connections = waitingForTurn
        waitingForTurn.removeAll(keepingCapacity: true)
        for connection in connections { connection.takeTurn() }
        // Only now: a time from before would have passed, and the event loop would run the next turn at once.
        isTurnScheduled = false
        if !waitingForTurn.isEmpty { scheduleTurn() }
    }
}

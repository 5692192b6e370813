import CHiredis

/// A parser of RESP2 replies, which owns a reader of hiredis.
///
/// What Redis sends is not trusted: whoever can write to it, or to the connection, could otherwise end the process by a
/// number that overflows, or occupy it with an array that has a length and no elements.
final class RESPReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private var unreadByteCount = 0
    private let maximumByteCount: Int

    /// - Parameter maximumByteCount: the maximum number of bytes that may arrive without completing a reply. Default: 8
    ///   MiB.
    init(maximumByteCount: Int = 8 << 20) {
        guard let reader = redisReaderCreate() else { fatalError("out of memory") }  // The only way to fail.
        reader.pointee.fn = RESPReader.boundedFunctions
        self.reader = reader
        self.maximumByteCount = maximumByteCount
    }

    deinit { redisReaderFree(reader) }

    /// hiredis' functions that make replies.
    private nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        guard let reader = redisReaderCreate() else { fatalError("out of memory") }  // The only way to fail.
        defer { redisReaderFree(reader) }
        return reader.pointee.fn
    }()  // Unchecked: a constant of the library.

    /// The same, without arrays of more elements than any reply has: an array's memory is taken before its elements
    /// arrive.
    private nonisolated(unsafe) static let boundedFunctions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let bounded = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        bounded.initialize(to: functions.pointee)
        bounded.pointee.createArray = { task, count in
            count <= 1 << 20 ? RESPReader.functions.pointee.createArray(task, count) : nil
        }
        return bounded
    }()  // Unchecked: never changed after this.

    /// Adds received bytes. ``next()`` then returns the replies that they complete.
    /// - Throws: ``RedisError/unexpectedReply(_:)`` if too many bytes arrived without completing a reply.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        unreadByteCount += bytes.count
        guard unreadByteCount <= maximumByteCount else {
            throw .unexpectedReply("more than \(maximumByteCount) bytes long")
        }
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard redisReaderFeed(reader, start, bytes.count) == REDIS_OK else { throw failure() }
    }

    /// Returns the next complete reply; `nil` if it needs more bytes.
    /// - Throws: ``RedisError/unexpectedReply(_:)`` if the bytes are not RESP2.
    func next() throws(RedisError) -> RESPValue? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure() }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        unreadByteCount = 0
        return try value(of: object.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func value(of reply: redisReply) throws(RedisError) -> RESPValue {
        switch reply.type {
        case REDIS_REPLY_INTEGER:
            .integer(try number(in: reply))
        case REDIS_REPLY_STRING:
            .bulk(Array(bytes(of: reply)))
        case REDIS_REPLY_STATUS:
            .status(String(decoding: bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            .error(String(decoding: bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            // Cannot be nil: hiredis sets every element of a complete reply.
            .array(
                try (0..<Int(reply.elements)).map { (index) throws(RedisError) in
                    try value(of: reply.element[index]!.pointee)
                })
        default:
            .null
        }
    }

    /// The number in an integer reply. No count or time is larger than a number of Lua holds exactly.
    private func number(in reply: redisReply) throws(RedisError) -> Int {
        let number = Int(reply.integer)
        guard number.magnitude <= 1 << 53 else { throw .unexpectedReply("the number \(number)") }
        return number
    }

    private func bytes(of reply: redisReply) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len))
    }

    private func failure() -> RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return .unexpectedReply(text)
    }
}

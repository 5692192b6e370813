import NIOCore
import Platform

/// Bytes of a connection that have arrived and are not decoded yet.
///
/// The decoder gets the bytes of one request at a time. What is behind that request stays here as it arrived: decoded,
/// it would take many times the memory. The decoder alone judges requests: where its input is divided changes nothing
/// for it.
struct HeldInput: ~Copyable {
    /// The bytes that the decoder may have.
    enum Demand: Equatable {
        /// None: a request is being answered, or the client does not read its responses.
        case nothing
        /// The bytes up to the end of a head, and a body behind it.
        case head
        /// The next bytes of a body, at most so many.
        case body(byteCount: Int)
        /// The next bytes of a chunked body, up to its end.
        case chunks
        /// All bytes, which are discarded instead of decoded.
        case discard
    }

    /// The end of the bytes that were handed out, as far as it can be the start of an empty line.
    private enum Tail {
        case text
        case lineFeed
        case lineFeedAndReturn
    }

    /// The maximum number of bytes of a chunked body that are handed out at once: a chunk of one byte costs as much time
    /// as a long one.
    private static let maximumChunkByteCount = 512
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private var bytes = ByteBuffer()
    private var tail = Tail.text

    var byteCount: Int { bytes.readableBytes }

    /// The memory that the bytes keep from being reused.
    var capacity: Int { bytes.readableBytes == 0 ? 0 : bytes.storageCapacity }

    mutating func append(_ more: consuming ByteBuffer) {
        if bytes.readableBytes == 0 { bytes = more } else { bytes.writeImmutableBuffer(more) }
    }

    mutating func removeAll() { bytes = ByteBuffer() }

    /// Removes and returns the bytes that the decoder gets next; `nil` if it gets none.
    ///
    /// A head and a chunked body both end with an empty line. Without an empty line behind the first, the bytes cannot
    /// be more than one request, so that a request which arrives alone is handed out whole.
    mutating func next(_ demand: Demand) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        switch demand {
        case .nothing:
            return nil
        case .discard:
            return take(bytes.readableBytes)
        case .body(let byteCount):
            return take(min(byteCount, bytes.readableBytes))
        case .head:
            guard let end = endOfEmptyLine(from: 0, after: tail), endOfEmptyLine(from: end, after: .text) != nil else {
                return take(bytes.readableBytes)
            }
            return take(end)
        case .chunks:
            let end = endOfEmptyLine(from: 0, after: tail) ?? bytes.readableBytes
            return take(min(end, HeldInput.maximumChunkByteCount))
        }
    }

    private mutating func take(_ count: Int) -> ByteBuffer? {
        tail = tail(ofFirst: count)
        guard count < bytes.readableBytes else {
            // Gives up the reference, so that the channel can reuse the buffer.
            let all = bytes
            bytes = ByteBuffer()
            return all
        }
        return bytes.readSlice(length: count)
    }

    private func tail(ofFirst count: Int) -> Tail {
        bytes.withUnsafeReadableBytes { bytes in
            guard count > 0 else { return tail }
            switch bytes[count - 1] {
            case HeldInput.lineFeed: return .lineFeed
            case HeldInput.carriageReturn where count > 1:
                return bytes[count - 2] == HeldInput.lineFeed ? .lineFeedAndReturn : .text
            case HeldInput.carriageReturn: return tail == .lineFeed ? .lineFeedAndReturn : .text
            default: return .text
            }
        }
    }

    /// The index behind the first empty line, which ends in LF or CR LF. `nil` if there is none.
    private func endOfEmptyLine(from start: Int, after tail: Tail) -> Int? {
        bytes.withUnsafeReadableBytes { bytes in
            if let end = HeldInput.endOfEmptyLine(bytes, from: start, after: tail) { return end }
            var index = start
            while index < bytes.count,
                let found = memchr(bytes.baseAddress! + index, CInt(HeldInput.lineFeed), bytes.count - index)
            {
                index = UnsafeRawPointer(found) - bytes.baseAddress! + 1
                if let end = HeldInput.endOfEmptyLine(bytes, from: index, after: .lineFeed) { return end }
            }
            return nil
        }
    }

    /// The index behind an empty line whose end starts at an index; `nil` if there is none.
    private static func endOfEmptyLine(_ bytes: UnsafeRawBufferPointer, from index: Int, after tail: Tail) -> Int? {
        guard tail != .text, index < bytes.count else { return nil }
        if bytes[index] == lineFeed { return index + 1 }
        let isReturn = tail == .lineFeed && bytes[index] == carriageReturn
        return isReturn && index + 1 < bytes.count && bytes[index + 1] == lineFeed ? index + 2 : nil
    }
}

import NIOCore

/// A command and its arguments, encoded in RESP2 as they are appended.
package struct RedisCommand: Sendable {
    private var arguments: ByteBuffer
    private var count = 0

    /// - Parameters:
    ///   - name: the command's name, such as `EVALSHA`.
    ///   - capacity: the number of bytes to reserve memory for.
    package init(_ name: String, capacity: Int = 128) {
        arguments = ByteBufferAllocator().buffer(capacity: capacity)
        append(name)
    }

    /// Creates a command whose arguments are all texts.
    package init(_ name: String, _ texts: String...) {
        self.init(name)
        for text in texts { append(text) }
    }

    /// Appends a text, in UTF-8.
    package mutating func append(_ text: String) {
        begin(byteCount: text.utf8.count)
        arguments.writeString(text)
        end()
    }

    /// Appends one text that consists of three, in UTF-8, without making it first.
    mutating func append(_ first: String, _ second: String, _ third: String) {
        begin(byteCount: first.utf8.count + second.utf8.count + third.utf8.count)
        arguments.writeString(first)
        arguments.writeString(second)
        arguments.writeString(third)
        end()
    }

    /// Appends as many bytes as `write` writes.
    mutating func append(byteCount: Int, _ write: (inout ByteBuffer) -> Void) {
        begin(byteCount: byteCount)
        write(&arguments)
        end()
    }

    /// Appends bytes.
    package mutating func append(_ bytes: [UInt8]) {
        begin(byteCount: bytes.count)
        arguments.writeBytes(bytes)
        end()
    }

    /// Appends a number in decimal digits. It must not be negative.
    package mutating func append(_ number: Int) {
        begin(byteCount: decimalDigitCount(number))
        arguments.writeDecimal(number)
        end()
    }

    /// Returns the command, and leaves an empty one.
    mutating func take() -> RedisCommand {
        let taken = self
        arguments = ByteBuffer()
        return taken
    }

    /// Appends the whole command to a buffer.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeLength(count, of: UInt8(ascii: "*"))
        buffer.writeImmutableBuffer(arguments)
    }

    private mutating func begin(byteCount: Int) {
        count += 1
        arguments.writeLength(byteCount, of: UInt8(ascii: "$"))
    }

    private mutating func end() {
        arguments.writeLineEnd()
    }
}

extension ByteBuffer {
    fileprivate mutating func writeLineEnd() {
        writeInteger(UInt16(0x0D0A))
    }

    /// Writes a number, which is not negative, in decimal digits.
    fileprivate mutating func writeDecimal(_ number: Int) {
        let count = decimalDigitCount(number)
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            space.storeDecimal(number, digitCount: count, at: 0)
            return count
        }
    }

    /// Writes the line before a value: the byte for its type, and its length.
    fileprivate mutating func writeLength(_ length: Int, of type: UInt8) {
        let count = decimalDigitCount(length)
        writeWithUnsafeMutableBytes(minimumWritableBytes: count + 3) { space in
            space[0] = type
            space.storeDecimal(length, digitCount: count, at: 1)
            space[count + 1] = UInt8(ascii: "\r")
            space[count + 2] = UInt8(ascii: "\n")
            return count + 3
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func storeDecimal(_ number: Int, digitCount: Int, at start: Int) {
        var rest = number
        for index in stride(from: start + digitCount - 1, through: start, by: -1) {
            self[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}

private func decimalDigitCount(_ number: Int) -> Int {
    precondition(number >= 0, "a count is not negative")
    var count = 1
    var rest = number / 10
    while rest > 0 {
        count += 1
        rest /= 10
    }
    return count
}

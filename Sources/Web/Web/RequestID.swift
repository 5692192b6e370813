import Bytes
import Synchronization

/// The id of a request, for logs and for `X-Request-Id` in the response.
package struct RequestID: Sendable {
    package let text: String

    /// Takes the client's id if it is 1 to 128 visible ASCII characters. Otherwise makes one of 32 hexadecimal digits.
    package init(given: String?) {
        if let given, (1...128).contains(given.utf8.count),
            given.isVisibleASCII
        {
            text = given
        } else {
            text = RequestID.new()
        }
    }

    /// Returns a unique id: a random number for this process, then a counter. It need not be hard to guess.
    private static func new() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return String(unsafeUninitializedCapacity: 32) { text in
            for index in 0..<16 {
                text[index] = digit(process >> (60 - 4 * index))
                text[index + 16] = digit(number >> (60 - 4 * index))
            }
            return 32
        }
    }

    private static let process = UInt64.random(in: 0...UInt64.max)
    private static let count = Atomic<UInt64>(0)

    private static func digit(_ value: UInt64) -> UInt8 {
        .lowercaseHexadecimalDigit(UInt8(truncatingIfNeeded: value & 15))
    }
}

import Bytes
import Cryptography
import Web

/// The six digits in an email, for people who read it on one device and sign in on another.
///
/// A code works only together with its ``CodeHandle``, which only the browser that requested the code has. That is why
/// a million codes are enough.
package struct SignInCode: Sendable, Equatable {
    /// Six ASCII digits. Not to be logged or stored.
    package let text: String

    private static let count: UInt32 = 1_000_000

    /// Issues a new code. All codes are equally likely.
    package init(random: RandomBytes) throws(CryptoError) {
        // Numbers beyond the last whole million below 2³² would make small codes likelier.
        let limit = UInt32.max - UInt32.max % SignInCode.count
        var number = UInt32.max
        while number >= limit {
            number = try random.secret(count: 4).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        }
        let digits = String(number % SignInCode.count)
        text = String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    /// Reads a code from a JSON value.
    package static let schema: Schema<SignInCode> = string().transform { text in
        guard let code = SignInCode(parsing: text) else { return .refused(Finding(.custom, "Must be 6 digits")) }
        return .value(code)
    }

    /// Parses a code; `nil` if the text is not six ASCII digits.
    package init?(parsing text: String) {
        guard text.utf8.count == 6, text.isASCIIDigits else { return nil }
        self.text = text
    }
}

extension SignInCode: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

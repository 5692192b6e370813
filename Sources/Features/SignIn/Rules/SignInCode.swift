import Bytes
import Cryptography
import Web

/// The six digits in a mail, for who reads it on one device and signs in on another.
///
/// A code is only good together with the ``LoginToken`` that names its request, which only the browser that asked has:
/// that is what makes a million of them enough.
package struct SignInCode: Sendable, Equatable {
    /// Six ASCII digits. Not to be logged or stored.
    package let text: String

    private static let count: UInt32 = 1_000_000

    /// Issues a new code; all are equally likely.
    package init(random: RandomBytes) throws(CryptoError) {
        // Numbers beyond the last whole million of 32 bits would make small codes likelier.
        let limit = UInt32.max - UInt32.max % SignInCode.count
        var number = UInt32.max
        while number >= limit {
            number = try random.secret(count: 4).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        }
        let digits = String(number % SignInCode.count)
        text = String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    /// Reads a code out of a JSON value.
    package static let schema: Schema<SignInCode> = string().transform { text in
        guard let code = SignInCode(parsing: text) else { return .refused(Finding(.custom, "Must be 6 digits")) }
        return .value(code)
    }

    /// Reads a code; `nil` where the text is not six digits.
    package init?(parsing text: String) {
        guard text.utf8.count == 6, text.isASCIIDigits else { return nil }
        self.text = text
    }
}

extension SignInCode: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

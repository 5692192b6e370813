import Bytes

/// The mechanisms of AUTH that a server offers in its reply to EHLO (RFC 4954 §4).
struct AuthenticationOffer: Sendable, Equatable {
    /// The mechanisms that libcurl is allowed to use, in the order in which it prefers them.
    static let supported = ["PLAIN", "LOGIN"]
    /// The maximum number of mechanisms to keep of each form.
    private static let maximumCount = 12

    /// The mechanisms after `AUTH`, in upper case.
    private(set) var mechanisms: [String] = []
    /// Those after `AUTH=`, a form from before the standard, which libcurl does not read.
    private(set) var legacyMechanisms: [String] = []

    /// Reads a line of the reply, without its code.
    mutating func read(_ line: some Collection<UInt8>) {
        let text = String(decoding: line.prefix(500), as: UTF8.self).uppercased()
        guard text.hasPrefix("AUTH"), let separator = text.utf8.dropFirst(4).first else { return }
        let names = text.dropFirst(5).split(whereSeparator: \.isWhitespace).map { String($0) }
            .filter(AuthenticationOffer.isName)
        switch separator {
        case UInt8(ascii: " "): mechanisms = Array((mechanisms + names).prefix(AuthenticationOffer.maximumCount))
        case UInt8(ascii: "="):
            legacyMechanisms = Array((legacyMechanisms + names).prefix(AuthenticationOffer.maximumCount))
        default: break
        }
    }

    /// Whether a text is the name of a mechanism: 1 to 20 letters, digits, hyphens and underscores (RFC 4422 §3.1).
    private static func isName(_ text: String) -> Bool {
        (1...20).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "-") || $0 == 0x5F }
    }

    /// The supported mechanism to try after a refused one; `nil` if the server offers no other.
    func alternative(to mechanism: String) -> String? {
        AuthenticationOffer.supported.first { $0 != mechanism && mechanisms.contains($0) }
    }
}

extension AuthenticationOffer: CustomStringConvertible {
    /// The offer, as the end of a sentence.
    var description: String {
        if !mechanisms.isEmpty {
            let words = "offers AUTH \(mechanisms.joined(separator: " "))"
            return mechanisms.contains(where: AuthenticationOffer.supported.contains)
                ? words : words + ", and neither PLAIN nor LOGIN"
        }
        if !legacyMechanisms.isEmpty {
            return "offers only the obsolete form AUTH=\(legacyMechanisms.joined(separator: " "))"
        }
        return "does not offer AUTH"
    }
}

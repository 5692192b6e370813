import Bytes
import Web

/// The nonce of a request: a text of the portal, which the assertion repeats. At most 256 visible ASCII characters.
package enum Nonce {
    /// Reads a nonce from a JSON value.
    package static let schema: Schema<String> = string().transform { text in
        guard (1...256).contains(text.utf8.count), text.isVisibleASCII else {
            return .refused(Finding(.custom, .english("Must be 1 to 256 visible ASCII characters")))
        }
        return .value(text)
    }
}

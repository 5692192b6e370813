import Bytes

/// An error as it is reported to the Runtime API.
struct LambdaFailure: Sendable {
    /// A name for programs, such as `Postern.UnreadableEvent`.
    let type: String
    /// A sentence for people. It contains nothing of the event.
    let message: String

    var fields: [String: String] {
        ["Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": type]
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.member("errorMessage", message)
        json.member("errorType", type)
        json.member("stackTrace", [])
        return json.finish()
    }
}

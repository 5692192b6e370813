import Bytes

/// Something that went wrong, as the Runtime API is told.
struct LambdaFailure: Sendable {
    /// A name for programs, such as `Postern.UnreadableEvent`.
    let type: String
    /// A sentence for a person. It holds nothing of the event.
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

import Bytes
import Web

extension Response {
    /// The answer as the event's source takes it: a JSON object.
    /// - Parameter isBodyOmitted: whether the request was HEAD.
    func lambdaAnswer(for source: LambdaEvent.Source, isBodyOmitted: Bool) -> [UInt8] {
        var json = JSONWriter(capacity: 512 + body.count)
        json.member("statusCode", status.rawValue)
        switch source {
        case .httpAPI, .loadBalancer(hasMultiValueHeaders: false):
            json.member("headers") { json in
                for line in fields.lines { json.member(line.name.rawValue, line.value) }
            }
        case .restAPI, .loadBalancer(hasMultiValueHeaders: true):
            // These alone: beside `headers` each field would come twice.
            json.member("multiValueHeaders") { json in
                for line in fields.lines { json.member(line.name.rawValue, [line.value]) }
            }
        }
        if case .loadBalancer = source {
            json.member("statusDescription", "\(status.rawValue) \(status.reasonPhrase)")
        }
        // All bodies are text.
        json.member("body", isBodyOmitted ? "" : String(decoding: body, as: UTF8.self))
        json.member("isBase64Encoded", false)
        return json.finish()
    }
}

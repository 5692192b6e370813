import Bytes
import Web

extension Response {
    /// The response as a JSON object, in the format that the event's source expects.
    /// - Parameter isBodyOmitted: whether to leave out the body, because the request was HEAD.
    func lambdaAnswer(for source: LambdaEvent.Source, isBodyOmitted: Bool) -> [UInt8] {
        var json = JSONWriter(capacity: 512 + body.count)
        json.member("statusCode", status.rawValue)
        switch source {
        case .httpAPI, .loadBalancer(hasMultiValueHeaders: false):
            json.member("headers") { json in
                for line in fields.lines { json.member(line.name.rawValue, line.value) }
            }
        case .restAPI, .loadBalancer(hasMultiValueHeaders: true):
            // Without `headers`: with both, each field would be sent twice.
            json.member("multiValueHeaders") { json in
                for line in fields.lines { json.member(line.name.rawValue, [line.value]) }
            }
        }
        if case .loadBalancer = source {
            json.member("statusDescription", "\(status.rawValue) \(status.reasonPhrase)")
        }
        // Every body that Postern sends is UTF-8 text.
        json.member("body", isBodyOmitted ? "" : String(decoding: body, as: UTF8.self))
        json.member("isBase64Encoded", false)
        return json.finish()
    }
}

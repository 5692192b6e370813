import Foundation

/// Events that no trigger of ``LambdaShape`` sends, but that a function may receive.
package enum LambdaEvents {
    /// Named events that are not HTTP requests: those of other triggers, those of manual invocations, and invalid JSON.
    package static let foreign: [(name: String, event: [UInt8])] = {
        let texts: [(String, String)] = [
            ("SQS", sqs), ("S3", s3), ("a schedule", schedule), ("a WebSocket", webSocket), ("Cognito", cognito),
            ("no members", "{}"), ("no elements", "[]"), ("null", "null"), ("a number", "7"), ("a text", #""POST""#),
            ("a version alone", #"{"version":"2.0"}"#), ("a method alone", #"{"httpMethod":"GET"}"#),
            ("a path alone", #"{"path":"/healthz"}"#),
            ("a path without method", #"{"version":"2.0","rawPath":"/healthz"}"#),
            ("a balancer alone", #"{"requestContext":{"elb":{"targetGroupArn":"arn:aws:x"}}}"#),
            ("nothing", ""), ("a blank", " "), ("a word", "event"), ("a form", "email=ada%40example.com"),
            ("half an object", #"{"version":"2.0","#), ("a comma too many", #"{"version":"2.0",}"#),
            ("two objects", "{}{}"), ("a zero byte", "{}\0"), ("arrays without end", deep("[")),
            ("objects without end", deep(#"{"a":"#)), ("deep arrays", deep("[") + deep("]")),
        ]
        let noUTF8: [UInt8] = Array(#"{"version":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
        return texts.map { (name: $0.0, event: Array($0.1.utf8)) } + [(name: "no UTF-8", event: noUTF8)]
    }()

    /// An event, cut off at every length.
    package static func truncations(of event: [UInt8]) -> [[UInt8]] {
        event.indices.map { Array(event[..<$0]) }
    }

    /// Copies of a request's event, each with one value, at any depth, replaced by one of another type. `member` is the
    /// path of that value, such as `$.requestContext.stage`.
    package static func misshapen(
        _ request: LambdaRequest, as shape: LambdaShape
    ) -> [(member: String, event: [UInt8])] {
        replacements(in: shape.object(for: request), at: "$").map { (member: $0.member, event: json($0.value)) }
    }

    /// The JSON text of a value.
    static func json(_ value: Any) -> [UInt8] {
        let options: JSONSerialization.WritingOptions = [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes]
        // Fails only for types that JSON does not have, which callers never pass.
        return Array(try! JSONSerialization.data(withJSONObject: value, options: options))
    }

    // MARK: - Wrong types

    private enum Kind { case null, boolean, number, text, array, object }

    private static func kind(of value: Any) -> Kind {
        switch value {
        case is String: .text
        case is Bool: .boolean
        case is Int: .number
        case is [Any]: .array
        case is [String: Any]: .object
        default: .null
        }
    }

    private static func replacements(in value: Any, at path: String) -> [(member: String, value: Any)] {
        let samples: [Any] = [NSNull(), true, 7, "text", [Any](), [String: Any]()]
        var found = samples.filter { kind(of: $0) != kind(of: value) }.map { (member: path, value: $0) }
        if let object = value as? [String: Any] {
            for name in object.keys.sorted() {
                for replacement in replacements(in: object[name] ?? NSNull(), at: "\(path).\(name)") {
                    var changed = object
                    changed[name] = replacement.value
                    found.append((member: replacement.member, value: changed))
                }
            }
        } else if let array = value as? [Any] {
            for index in array.indices {
                for replacement in replacements(in: array[index], at: "\(path)[\(index)]") {
                    var changed = array
                    changed[index] = replacement.value
                    found.append((member: replacement.member, value: changed))
                }
            }
        }
        return found
    }

    // MARK: - Events of other triggers

    private static func deep(_ text: String) -> String { String(repeating: text, count: 50_000) }

    private static let sqs = """
        {"Records":[{"messageId":"0c6f4a9e-1f6d-4b67-9d0a-5b2f7c8e3a11","receiptHandle":"AQEBq1","body":"hello",
        "attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1763812528000","SenderId":"AIDAEXAMPLE",
        "ApproximateFirstReceiveTimestamp":"1763812528007"},"messageAttributes":{},
        "md5OfBody":"5d41402abc4b2a76b9719d911017c592","eventSource":"aws:sqs",
        "eventSourceARN":"arn:aws:sqs:eu-central-1:123456789012:jobs","awsRegion":"eu-central-1"}]}
        """

    private static let s3 = """
        {"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-central-1",
        "eventTime":"2025-11-22T11:55:28.000Z","eventName":"ObjectCreated:Put",
        "userIdentity":{"principalId":"A1B2C3EXAMPLE"},"requestParameters":{"sourceIPAddress":"203.0.113.7"},
        "responseElements":{"x-amz-request-id":"K4M7ZD","x-amz-id-2":"Q5X8N1"},
        "s3":{"s3SchemaVersion":"1.0","configurationId":"every-file","bucket":{"name":"files",
        "ownerIdentity":{"principalId":"A1B2C3EXAMPLE"},"arn":"arn:aws:s3:::files"},
        "object":{"key":"a/b+c.txt","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592",
        "sequencer":"0055AED6DCD9028"}}}]}
        """

    private static let schedule = """
        {"version":"0","id":"53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa","detail-type":"Scheduled Event",
        "source":"aws.events","account":"123456789012","time":"2025-11-22T11:55:28Z","region":"eu-central-1",
        "resources":["arn:aws:events:eu-central-1:123456789012:rule/every-minute"],"detail":{}}
        """

    private static let webSocket = """
        {"requestContext":{"routeKey":"$default","messageId":"UEfsXfjQliACJhg=","eventType":"MESSAGE",
        "extendedRequestId":"UEfsXG2LliAFVqA=","requestTime":"22/Nov/2025:11:55:28 +0000","messageDirection":"IN",
        "stage":"live","connectedAt":1763812500000,"requestTimeEpoch":1763812528000,
        "identity":{"sourceIp":"203.0.113.7","userAgent":"test/1.0"},"requestId":"UEfsXG2LliAFVqA=",
        "domainName":"h7t2k9w4zq.execute-api.eu-central-1.amazonaws.com","connectionId":"UEfsQdYLliACJhg=",
        "apiId":"h7t2k9w4zq"},"body":"hello","isBase64Encoded":false}
        """

    private static let cognito = """
        {"version":"1","region":"eu-central-1","userPoolId":"eu-central-1_a1B2c3D4e","userName":"ada",
        "callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"6d3f0g1h4j7k2l5p8q5x8n1v4c"},
        "triggerSource":"PreSignUp_SignUp","request":{"userAttributes":{"email":"ada@example.com"}},
        "response":{"autoConfirmUser":false,"autoVerifyEmail":false,"autoVerifyPhone":false}}
        """
}

import Foundation
import TestSupport

/// A parsed answer to a trigger of AWS Lambda.
struct LambdaAnswer: Sendable {
    /// An outcome that is not a valid answer.
    struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }

    /// The names of the object's members.
    let members: Set<String>
    let status: Int
    let statusDescription: String?
    /// Whether the body is marked as base64; `nil` if the answer has no such member.
    let isBase64Encoded: Bool?
    let body: [UInt8]
    /// The values of the header fields, by name in lower case.
    private let fields: [String: [String]]

    /// Parses the answer of an outcome.
    /// - Throws: ``Unexpected`` if the outcome is not an answer, or a member has a type that no trigger accepts.
    init(_ outcome: RuntimeAPIServer.Outcome) throws {
        guard case .answered(let bytes) = outcome else { throw Unexpected(description: "\(outcome)") }
        let json = try JSONSerialization.jsonObject(with: Data(bytes))
        guard let object = json as? [String: Any], let status = object["statusCode"] as? Int else {
            throw Unexpected(description: String(decoding: bytes, as: UTF8.self))
        }
        members = Set(object.keys)
        self.status = status
        statusDescription = object["statusDescription"] as? String
        isBase64Encoded = object["isBase64Encoded"] as? Bool
        fields = try LambdaAnswer.fields(of: object)
        let text = object["body"] as? String
        guard let body = isBase64Encoded == true ? Data(base64Encoded: text ?? "") : Data((text ?? "").utf8) else {
            throw Unexpected(description: "a body that is not base64")
        }
        self.body = Array(body)
    }

    private static func fields(of object: [String: Any]) throws -> [String: [String]] {
        var fields: [String: [String]] = [:]
        for (name, value) in object["headers"] as? [String: Any] ?? [:] {
            guard let text = value as? String else { throw Unexpected(description: "\(name) is not a string") }
            fields[name.lowercased(), default: []].append(text)
        }
        for (name, value) in object["multiValueHeaders"] as? [String: Any] ?? [:] {
            guard let texts = value as? [String] else { throw Unexpected(description: "\(name) has other values") }
            fields[name.lowercased(), default: []] += texts
        }
        return fields
    }

    /// The values of a field, joined by commas. The case of the name is ignored.
    subscript(name: String) -> String? { fields[name.lowercased()]?.joined(separator: ", ") }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The `code` of an error.
    var code: String? {
        ((try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any])?["code"] as? String
    }

    /// A description of the first fault in the answer's form for a trigger; `nil` if there is none.
    func fault(as shape: LambdaShape) -> String? {
        let style = shape.headerStyle == .single ? "headers" : "multiValueHeaders"
        var known: Set<String> = ["statusCode", style, "body", "isBase64Encoded"]
        if shape.isLoadBalancer {
            known.insert("statusDescription")
            guard members == known else { return "a load balancer gets the members \(members.sorted())" }
            let reasons = [
                200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
                410: "Gone", 413: "Content Too Large", 429: "Too Many Requests", 503: "Service Unavailable",
            ]
            guard let reason = reasons[status], statusDescription == "\(status) \(reason)" else {
                return "\(status) is described as \(statusDescription ?? "nothing")"
            }
        } else if shape.headerStyle == .single {
            known.insert("cookies")
        }
        guard members.contains("statusCode"), members.contains(style), members.isSubset(of: known) else {
            return "\(shape) gets the members \(members.sorted())"
        }
        for (name, values) in fields where values.count != 1 { return "\(name) occurs \(values.count) times" }
        for name in ["connection", "transfer-encoding"] where fields[name] != nil { return "\(name) is present" }
        return self["Cache-Control"] == "no-store" ? nil : "Cache-Control is not no-store"
    }
}

extension RuntimeAPIServer.Outcome {
    /// Whether it is the report of an event that is not an HTTP request.
    var isUnreadable: Bool {
        if case .failed(type: "Postern.UnreadableEvent", body: _) = self { true } else { false }
    }

    /// The status of the answer; `nil` if the outcome is not an answer.
    var status: Int? { (try? LambdaAnswer(self))?.status }
}

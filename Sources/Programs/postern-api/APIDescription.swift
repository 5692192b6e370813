import Bytes
import Web

/// The description of the program's routes (OpenAPI 3.0.3): its own part, joined with the parts of its features.
struct APIDescription: Sendable {
    let document: JSONObject

    /// - Parameter basePath: the prefix of every path; empty if there is none.
    init(of features: [any Feature], basePath: String) {
        var document = APIDescription.part(EmbeddedFiles.all["openapi.json"]!)  // A file of this folder.
        for feature in features { document.join(APIDescription.part(type(of: feature).apiDescription)) }
        let server: JSONObject = ["url": .string(basePath.isEmpty ? "/" : basePath)]
        document.join(["servers": .array([.object(server)])])
        self.document = document
    }

    private static func part(_ text: StaticString) -> JSONObject {
        // OpenAPI nests deeper than requests may.
        let value = try! JSONValue(parsing: Array("\(text)".utf8), maximumDepth: 64)  // The tests read each.
        guard case .object(let object) = value else { preconditionFailure("a description is an object") }
        return object
    }

    /// The routes that show the description, to programs and to people.
    var routes: [Route] {
        let json = SharedBody(JSONWriter.text(of: document))
        let page = DocumentationPage(of: document).response
        return [
            Route(.get, "/openapi.json", .open) { _ in
                Response(status: .ok, fields: [.contentType: "application/json"], sharedBody: json)
            },
            Route(.get, "/docs", .open) { _ in page },
        ]
    }
}

extension JSONObject {
    /// Adds the members of another object. Of members with the same name, objects are joined, arrays are appended, and
    /// otherwise the other's counts.
    fileprivate mutating func join(_ other: JSONObject) {
        var joined = JSONObject(capacity: members.count + other.members.count)
        for member in members { joined.append(member.name, JSONObject.joined(member.value, other[member.name])) }
        for member in other.members where self[member.name] == nil { joined.append(member.name, member.value) }
        self = joined
    }

    private static func joined(_ value: JSONValue, _ other: JSONValue?) -> JSONValue {
        switch (value, other) {
        case (_, nil): return value
        case (.object(var object), .object(let other)?):
            object.join(other)
            return .object(object)
        case (.array(let elements), .array(let others)?): return .array(elements + others)
        case (_, let other?): return other
        }
    }
}

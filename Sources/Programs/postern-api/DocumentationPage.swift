import Bytes
import Cryptography
import Web

/// `GET /docs`: the description as a page for people. It needs no script, and nothing from elsewhere.
struct DocumentationPage: Sendable {
    private let document: JSONObject

    /// - Parameter document: an OpenAPI description.
    init(of document: JSONObject) {
        self.document = document
    }

    /// The page as an HTTP response.
    var response: Response {
        let style = PackageResources.documentation_css
        let source = Digest.sha256.bytes(of: style).withUnsafeBytes(base64)
        return Response(
            status: .ok,
            fields: [
                .contentType: "text/html; charset=utf-8",
                .contentLanguage: "en",
                .contentSecurityPolicy: "default-src 'none'; style-src 'sha256-\(source)'; base-uri 'none'"
                    + "; form-action 'none'; frame-ancestors 'none'",
                .referrerPolicy: "no-referrer",
            ], sharedBody: SharedBody(Array(html(style: String(decoding: style, as: UTF8.self)).utf8)))
    }

    private func html(style: String) -> String {
        let info = document["info"]
        let title = escapedForHTML(info?["title"]?.text ?? "")
        let operations = self.operations
        let index = operations.map { "<li><a href=\"#\($0.anchor)\"><code>\($0.name)</code></a> \($0.summary)</li>\n" }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <style>\(style)</style>
            </head>
            <body>
            <main>
            <h1>\(title)</h1>
            \(paragraphs(info?["description"]?.text ?? ""))
            <p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>
            <nav><ul>
            \(index.joined())</ul></nav>
            \(operations.map(section).joined())</main>
            </body>
            </html>

            """
    }

    // MARK: - Operations

    /// A method of a path. The texts are escaped.
    private struct Operation {
        let anchor: String
        /// Such as `POST /v1/sign-in-links`.
        let name: String
        let summary: String
        let details: JSONValue
    }

    private var operations: [Operation] {
        var operations: [Operation] = []
        for path in document["paths"]?.object?.members ?? [] {
            for method in path.value.object?.members ?? [] {
                operations.append(
                    Operation(
                        anchor: escapedForHTML(method.value["operationId"]?.text ?? ""),
                        name: escapedForHTML("\(method.name.uppercased()) \(path.name)"),
                        summary: escapedForHTML(method.value["summary"]?.text ?? ""), details: method.value))
            }
        }
        return operations
    }

    private func section(_ operation: Operation) -> String {
        let details = operation.details
        var html = "<section id=\"\(operation.anchor)\">\n<h2><code>\(operation.name)</code></h2>\n"
        html += "<p>\(operation.summary)</p>\n" + paragraphs(details["description"]?.text ?? "")
        if let scope = details["x-scope"]?.text {
            html += "<p>Needs an API key with the scope <code>\(escapedForHTML(scope))</code>.</p>\n"
        }
        let parameters = (details["parameters"]?.elements ?? []).map(resolved)
        if !parameters.isEmpty {
            let rows = parameters.map { parameter in
                row(
                    parameter["name"]?.text ?? "", resolved(parameter["schema"] ?? .null),
                    isRequired: parameter["required"] == .boolean(true), parameter["description"]?.text)
            }
            html += table("Parameters", rows)
        }
        if let body = details["requestBody"]?["content"]?["application/json"] {
            html += tableOfFields(body) + example(body)
        }
        return html + responses(details["responses"]?.object?.members ?? []) + "</section>\n"
    }

    /// The responses: those of the operation alone with their examples, and those that others share in a table.
    private func responses(_ responses: [JSONObject.Member]) -> String {
        var html = ""
        var shared: [String] = []
        for response in responses {
            let answer = resolved(response.value)
            let (status, text) = (escapedForHTML(response.name), paragraphs(answer["description"]?.text ?? ""))
            if response.value["$ref"] != nil {
                let code = answer["content"]?["application/json"]?["example"]?["code"]?.text ?? ""
                shared.append(
                    "<tr><td>\(status)</td><td><code>\(escapedForHTML(code))</code></td><td>\(text)</td></tr>\n")
            } else {
                let content = answer["content"]?["application/json"] ?? .null
                html += "<h3>\(status)</h3>\n" + text
                if response.name.hasPrefix("2") { html += tableOfFields(content) }
                html += example(content)
            }
        }
        return html + (shared.isEmpty ? "" : table("Other responses", shared))
    }

    /// The fields of a body; empty if its schema names none.
    private func tableOfFields(_ content: JSONValue) -> String {
        let schema = resolved(content["schema"] ?? .null)
        let required = (schema["required"]?.elements ?? []).compactMap(\.text)
        let rows = (schema["properties"]?.object?.members ?? []).map { property in
            row(property.name, resolved(property.value), isRequired: required.contains(property.name), nil)
        }
        return rows.isEmpty ? "" : table("Fields", rows)
    }

    private func row(_ name: String, _ schema: JSONValue, isRequired: Bool, _ description: String?) -> String {
        let values = (schema["enum"]?.elements ?? []).compactMap(\.text)
        let type = values.isEmpty ? (schema["format"] ?? schema["type"])?.text ?? "" : values.joined(separator: ", ")
        return "<tr><td><code>\(escapedForHTML(name))</code></td><td>\(escapedForHTML(type))"
            + "\(isRequired ? ", required" : "")</td><td>"
            + paragraphs(description ?? schema["description"]?.text ?? "") + "</td></tr>\n"
    }

    private func table(_ title: String, _ rows: [String]) -> String {
        "<h3>\(title)</h3>\n<table>\n\(rows.joined())</table>\n"
    }

    private func example(_ content: JSONValue) -> String {
        guard let example = content["example"]?.object else { return "" }
        let text = String(decoding: JSONWriter.text(of: example), as: UTF8.self)
        return "<pre><code>\(escapedForHTML(text))</code></pre>\n"
    }

    /// The object that a reference within the document stands for; any other value as it is.
    private func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.text else { return value }
        let names = reference.split(separator: "/").dropFirst()
        return names.reduce(.object(document)) { value, name in value[String(name)] ?? .null }
    }

    /// Text in Markdown as HTML: paragraphs, and code between backticks. The descriptions use nothing else.
    private func paragraphs(_ text: String) -> String {
        text.split(separator: "\n\n").map { paragraph in
            let pieces = paragraph.split(separator: "`", omittingEmptySubsequences: false)
            let html = pieces.enumerated().map { index, piece in
                index.isMultiple(of: 2)
                    ? escapedForHTML(String(piece)) : "<code>\(escapedForHTML(String(piece)))</code>"
            }
            return "<p>\(html.joined())</p>\n"
        }.joined()
    }
}

extension JSONValue {
    fileprivate subscript(name: String) -> JSONValue? { object?[name] }

    fileprivate var object: JSONObject? { if case .object(let object) = self { object } else { nil } }

    fileprivate var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
}

/// A reason for which a job has no message. It contains neither an address nor a secret.
package enum RenderError: Error, Equatable, CustomStringConvertible {
    /// There is no template of that name.
    case unknownTemplate(String)
    /// The job lacks a value or a secret that its template needs, or gives one of another kind.
    case missingValue(String, template: String)

    package var description: String {
        switch self {
        case .unknownTemplate(let name): "there is no template \"\(name)\""
        case .missingValue(let name, let template): "the template \"\(template)\" needs \"\(name)\""
        }
    }
}

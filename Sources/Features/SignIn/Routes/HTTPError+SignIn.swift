import Web

extension HTTPError.Code {
    static var tokenInvalid: HTTPError.Code { HTTPError.Code("token_invalid", .badRequest) }
    static var codeInvalid: HTTPError.Code { HTTPError.Code("code_invalid", .badRequest) }
}

extension HTTPError {
    /// The error for every token that is not accepted, whatever the reason.
    static let tokenInvalid = HTTPError(
        .tokenInvalid, "This link is invalid, expired or already used: request a new one")

    /// The error for every code that is not accepted, whatever the reason.
    static let codeInvalid = HTTPError(
        .codeInvalid, "That code didn't work: check it, or open the link in the email instead")
}

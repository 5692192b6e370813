/// The purpose of a link that a trusted caller requested. The raw values are part of the API.
package enum LinkPurpose: String, Sendable, CaseIterable {
    /// To sign in.
    case signIn = "sign_in"
    /// To accept an invitation to the portal.
    case invite
    /// To show that an address is the person's own.
    case verifyEmail = "verify_email"
}

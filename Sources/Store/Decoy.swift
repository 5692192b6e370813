import Secrets
import SignIn

/// A sign-in of somebody who never was. A token that is refused has its work done on this one, so that the time tells
/// nobody what kind of token it was.
struct Decoy: Sendable {
    /// A token that no mail holds; what is no token at all is looked for under its name.
    let token: LoginToken
    /// Another, which the first is changed for.
    let fresh: LoginToken
    private let sealedToken: [UInt8]
    private let sealedRecord: [UInt8]
    /// What the script reads where there is no token: an entry in no state to be taken.
    let entry: [UInt8]
    /// Likewise, of the token that it was changed for.
    let entryOfFresh: [UInt8]

    init(random: RandomBytes) throws(SecretsError) {
        token = try LoginToken(random: random)
        fresh = try LoginToken(random: random)
        let record = TokenRecord(
            email: Decoy.email, origin: Decoy.origin, next: Decoy.next, issuedAt: UnixTime(milliseconds: 0))
        sealedToken = try token.handedOver(to: fresh, random: random)
        sealedRecord = try record.sealed(for: token, random: random)
        entryOfFresh = Array("via \(token.digest)\n".utf8) + sealedToken
        entry = Array("none 0 - - -\n".utf8) + sealedRecord
    }

    /// Opens what a token that was taken is opened by.
    func signedIn() throws(SecretsError) -> SignedIn {
        SignedIn(by: token, try TokenRecord(opening: sealedRecord, with: token))
    }

    /// The same, by way of the token that it was changed for.
    func signedInByWay() throws(SecretsError) -> SignedIn {
        let token = try LoginToken(handedOver: sealedToken, to: fresh)
        return SignedIn(by: token, try TokenRecord(opening: sealedRecord, with: token))
    }

    private static let email: EmailAddress = {
        EmailAddress(parsing: "nobody@example.com")!  // The literal is an address.
    }()

    private static let next: PortalPath = {
        try! PortalPath(parsing: "/invoices")  // The literal is a safe path.
    }()

    private static let origin: Origin = {
        try! Origin(parsing: "https://portal.example.com")  // The literal is an origin.
    }()
}

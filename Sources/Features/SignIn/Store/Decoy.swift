import Cryptography
import Net
import Platform

/// A fake record. Refused tokens are processed against it, so that refusal takes as long as success.
struct Decoy: Sendable {
    /// A mailed token that no email holds. A text that is not a token is looked up as this one.
    let token: LoginToken
    /// Its exchange token.
    private let exchangeToken: LoginToken
    /// A code handle that no browser has. A text that is not a handle is looked up as this one.
    let handle: CodeHandle
    /// The mailed token, sealed for the exchange token.
    let sealedToken: [UInt8]
    /// The record of the mailed token.
    let sealedRecord: [UInt8]
    private let keys: TokenKeys

    init(_ keys: TokenKeys, random: RandomBytes) throws(CryptoError) {
        self.keys = keys
        token = try LoginToken(random: random)
        exchangeToken = try LoginToken(random: random)
        handle = try CodeHandle(random: random)
        let record = TokenRecord(
            email: Decoy.email, origin: Decoy.origin, next: Decoy.next, issuedAt: UnixTime(milliseconds: 0),
            expiresAt: UnixTime(milliseconds: 0))
        sealedToken = try token.sealed(for: exchangeToken, by: keys, random: random)
        sealedRecord = try record.sealed(for: token, by: keys, random: random)
    }

    /// Does the work of opening the record of a mailed token.
    func signedIn() throws(CryptoError) -> SignedIn {
        SignedIn(by: token, try TokenRecord(opening: sealedRecord, with: token, by: keys))
    }

    /// Does the work of opening the record behind an exchange token or a code handle.
    func signedInViaExchange() throws(CryptoError) -> SignedIn {
        let token = try LoginToken(sealed: sealedToken, for: exchangeToken, by: keys)
        return SignedIn(by: token, try TokenRecord(opening: sealedRecord, with: token, by: keys))
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

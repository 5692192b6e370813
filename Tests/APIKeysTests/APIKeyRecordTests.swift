import Cryptography
import Platform
import Testing
import Web

@testable import APIKeys

@Suite
struct APIKeyRecordTests {
    private static let grant = APIKeyGrant(
        name: "portal", scopes: ["links:write", "mail:read"], expires: UnixTime(milliseconds: 1_801_440_000_000))

    private static func ring(_ byte: UInt8 = 1, id: String = "k1", purpose: String = APIKeyRecord.sealingPurpose)
        -> KeyRing
    {
        KeyRing([KeyRing.Entry(id: id, key: Secret(copying: [UInt8](repeating: byte, count: 32)))], purpose: purpose)
    }

    private func record(_ grant: APIKeyGrant = grant) throws -> APIKeyRecord {
        APIKeyRecord(
            digest: try APIKey(random: .system).digest, grant: grant, created: UnixTime(milliseconds: 1_700_000_000_001)
        )
    }

    @Test("a sealed record opens to the same record, with and without an expiry")
    func roundTrip() throws {
        let unlimited = APIKeyGrant(name: "n", scopes: ["a:b"], expires: nil)
        for grant in [APIKeyRecordTests.grant, unlimited] {
            let record = try record(grant)
            let sealed = try record.sealed(by: APIKeyRecordTests.ring(), random: .system)
            #expect(sealed.keyID == "k1")
            let opened = try APIKeyRecord(opening: sealed, id: record.digest.id, with: APIKeyRecordTests.ring())
            #expect(opened.digest.matches(record.digest))
            #expect(opened.grant == grant)
            #expect(opened.created == record.created)
        }
    }

    @Test("a record does not open under another id, with another key, for another purpose, or after any change")
    func forged() throws {
        let record = try record()
        let sealed = try record.sealed(by: APIKeyRecordTests.ring(), random: .system)
        let ring = APIKeyRecordTests.ring()
        func opens(_ sealed: APIKeyRecord.Sealed, _ id: String, _ ring: KeyRing) -> Bool {
            (try? APIKeyRecord(opening: sealed, id: id, with: ring)) != nil
        }
        #expect(opens(sealed, record.digest.id, ring))
        #expect(!opens(sealed, try APIKey(random: .system).digest.id, ring))
        #expect(!opens(sealed, record.digest.id, APIKeyRecordTests.ring(2)))
        #expect(!opens(sealed, record.digest.id, APIKeyRecordTests.ring(id: "k2")))
        #expect(!opens(sealed, record.digest.id, APIKeyRecordTests.ring(purpose: AuditEntry.sealingPurpose)))
        for index in sealed.box.indices {
            var box = sealed.box
            box[index] ^= 1
            #expect(!opens(.init(keyID: "k1", box: box), record.digest.id, ring))
            #expect(!opens(.init(keyID: "k1", box: Array(sealed.box[..<index])), record.digest.id, ring))
        }
    }

    @Test("a box of the deployment's that is no record does not open")
    func otherBox() throws {
        let id = try APIKey(random: .system).digest.id
        for text in ["", "{}", "[]", #"{"digest":"\#(id)\#(id)","name":"n","scopes":[]}"#] {
            var plaintext = Array(text.utf8)
            let box = try APIKeyRecordTests.ring().seal(
                wiping: &plaintext, authenticating: Array(id.utf8), random: .system)
            #expect(throws: CryptoError.notAuthentic, "\(text)") {
                try APIKeyRecord(opening: .init(keyID: "k1", box: box), id: id, with: APIKeyRecordTests.ring())
            }
        }
    }
}

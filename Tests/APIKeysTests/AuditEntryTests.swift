import Cryptography
import Platform
import Testing

@testable import APIKeys

@Suite
struct AuditEntryTests {
    private static func ring(_ byte: UInt8) -> KeyRing {
        KeyRing(
            [KeyRing.Entry(id: "k1", key: Secret(copying: [UInt8](repeating: byte, count: 32)))],
            purpose: AuditEntry.sealingPurpose)
    }

    @Test("a sealed entry opens to the same entry, and to nothing with another key or after any change")
    func roundTrip() throws {
        let time = UnixTime(milliseconds: 1_700_000_000_001)
        let entries = [
            AuditEntry(.created, at: time, keyID: "ab", keyName: "portal", actor: "ada"),
            AuditEntry(.revoked, at: time, keyID: "ab"),
            AuditEntry(.refused, at: time, client: "192.0.2.1", scope: "links:write", reason: "unknown"),
        ]
        for entry in entries {
            let sealed = try entry.sealed(by: AuditEntryTests.ring(1), random: .system)
            #expect(try AuditEntry(opening: sealed, with: AuditEntryTests.ring(1)) == entry)
            #expect(throws: CryptoError.self) { try AuditEntry(opening: sealed, with: AuditEntryTests.ring(2)) }
            for index in sealed.box.indices {
                var box = sealed.box
                box[index] ^= 0x80
                #expect(throws: CryptoError.self) {
                    try AuditEntry(opening: .init(keyID: "k1", box: box), with: AuditEntryTests.ring(1))
                }
            }
        }
    }
}

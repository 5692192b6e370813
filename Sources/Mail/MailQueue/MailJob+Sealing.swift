import Bytes
import Cryptography
import Net
import Platform

extension MailJob {
    /// The version of jobs that are written.
    package static let version = 2
    /// The purpose that the keys sealing jobs are derived for.
    package static let sealingPurpose = "postern mail job 2"

    /// The maximum size of a box: that of a message, and room for everything else.
    private static let maximumBoxByteCount = maximumEscapedByteCount + 500_000

    /// Returns the job in the form in which it is queued: sealed with the first key of the ring, and authenticated
    /// together with the job's id, which is not encrypted. `deploy/QUEUE.md` describes the plaintext, a JSON object.
    /// - Parameter keys: derived for ``sealingPurpose``.
    /// - Throws: ``CryptoError/noRandomness`` if there are no random bytes for the nonce.
    package func sealed(by keys: KeyRing, random: RandomBytes) throws(CryptoError) -> SealedMailJob {
        var plaintext = json
        let box = try keys.seal(wiping: &plaintext, authenticating: Array(id.utf8), random: random)
        return SealedMailJob(id: id, keyID: keys.sealingKeyID, box: box)
    }

    /// Opens a queued job of any version. A missing or malformed language is read as English.
    /// - Throws: ``CryptoError/unknownKey(id:)`` if the deployment does not have the key that sealed it, and
    ///   ``CryptoError/notAuthentic`` if it was changed, or if a member is missing, invalid or beyond its bounds.
    package init(opening sealed: SealedMailJob, with keys: MailJobKeys) throws(CryptoError) {
        guard sealed.box.count <= MailJob.maximumBoxByteCount else { throw .notAuthentic }
        let plaintext = try keys.ring(for: sealed.version).open(
            sealed.box, keyID: sealed.keyID, authenticating: Array(sealed.id.utf8))
        guard
            case .object(let members)? = try? JSONValue(parsing: plaintext.withUnsafeBytes(Array.init)),
            let job = sealed.version == 1
                ? MailJob(sealed.id, version1: members) : MailJob(sealed.id, version2: members),
            (try? job.check()) != nil
        else { throw .notAuthentic }
        self = job
    }
}

/// The keys that open jobs: those of each version that a deployment's keys give.
package struct MailJobKeys: Sendable {
    private let current: KeyRing
    private let earlier: KeyRing

    /// Derives the keys.
    /// - Parameter entries: the deployment's keys, at least one. The first one seals.
    package init(_ entries: [KeyRing.Entry]) {
        current = KeyRing(entries, purpose: MailJob.sealingPurpose)
        earlier = KeyRing(entries, purpose: "postern mail job 1")
    }

    /// The keys that seal.
    package var sealing: KeyRing { current }

    fileprivate func ring(for version: Int) -> KeyRing { version == 1 ? earlier : current }
}

/// A job as stored in the queue. Without the deployment's keys it reveals neither the recipient nor the content.
package struct SealedMailJob: Sendable, Equatable {
    /// The version of the box and of the job in it: 1 or 2.
    package let version: Int
    /// The job's id, which is not encrypted, but authenticated together with the box.
    package let id: String
    /// The id of the deployment's key that opens the box.
    package let keyID: String
    /// The nonce (12 bytes), the ciphertext and the tag (16 bytes).
    package let box: [UInt8]

    /// Creates a sealed job from its parts.
    package init(version: Int = MailJob.version, id: String, keyID: String, box: [UInt8]) {
        self.version = version
        self.id = id
        self.keyID = keyID
        self.box = box
    }
}

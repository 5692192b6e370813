/// A job as it lies in the queue: nobody without the deployment's keys learns who is mailed, or what.
package struct SealedMailJob: Sendable, Equatable {
    /// The job's id, authenticated with the box.
    package let id: String
    /// Which of the deployment's keys opens the box.
    package let keyID: String
    /// Nonce, ciphertext and tag.
    package let box: [UInt8]

    /// A job as it was read from the queue.
    package init(id: String, keyID: String, box: [UInt8]) {
        self.id = id
        self.keyID = keyID
        self.box = box
    }
}

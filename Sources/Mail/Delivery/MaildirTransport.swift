import Dispatch
import Foundation
import MailMessage

/// Delivers messages to a folder in Maildir format: each message is a file, which is written in `tmp` and then moved to
/// `new`.
///
/// For development. The file is named after the message's id, so a message that is delivered twice is one file.
package final class MaildirTransport: MailTransport {
    private let folder: URL
    private let queue = DispatchQueue(label: "maildir")

    /// - Parameter path: the folder, which is created if it does not exist.
    package init(path: String) {
        folder = URL(fileURLWithPath: path, isDirectory: true)
    }

    /// Writes a message. Deadline and observer are not used, because no server is involved.
    package func deliver(
        _ message: MailMessage, within deadline: Duration, _ observe: (@Sendable (DeliveryStep) -> Void)?
    ) async -> DeliveryOutcome {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.write(message)) }
        }
    }

    private func write(_ message: MailMessage) -> DeliveryOutcome {
        do {
            for name in ["tmp", "new", "cur"] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            }
            let draft = folder.appending(path: "tmp/\(message.id).postern")
            try Data(message.content).write(to: draft)
            let place = folder.appending(path: "new/\(message.id).postern")
            guard rename(draft.path, place.path) == 0 else {
                throw CocoaError(.fileWriteUnknown)
            }
            return .delivered(nil)
        } catch {
            return .unavailable(DeliveryFailure(.folderUnwritable, detail: "\(error.localizedDescription)"))
        }
    }
}

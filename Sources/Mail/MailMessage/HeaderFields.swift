import Bytes
import MailQueue
import Net

/// Returns a header field that holds a mailbox, such as `From`. After a long name the address is on a line of its own.
func mailboxField(_ field: String, _ mailbox: Mailbox) -> String {
    let column = field.utf8.count + 2
    let name = mailbox.name.map { displayName($0, startingAt: column) + " " } ?? ""
    let fold = !name.isEmpty && name.utf8.count + mailbox.address.text.utf8.count > 74 - column ? "\r\n " : ""
    return "\(field): \(name)\(fold)<\(mailbox.address.text)>"
}

/// Returns the field `To`, with each address on a line of its own.
func recipientsField(_ recipients: [EmailAddress]) -> String {
    "To: " + recipients.map { "<\($0.text)>" }.joined(separator: ",\r\n ")
}

/// Returns a header field of a message. A value in ASCII is folded at spaces and otherwise unchanged, because it can be
/// more than text: a list of URLs or of ids. Any other is text, and becomes encoded words.
func field(_ header: MailJob.Header) -> String {
    if MailJob.isMailbox(header), let mailbox = Mailbox(parsing: header.value) {
        return mailboxField(header.name, mailbox)
    }
    let column = header.name.utf8.count + 2
    let value =
        header.value.utf8.allSatisfy { $0 < 0x7F }
        ? folded(header.value, startingAt: column) : headerText(header.value, startingAt: column)
    return "\(header.name): \(value)"
}

/// Returns a text with line ends before spaces, so that lines have at most 78 characters where there are spaces.
private func folded(_ text: String, startingAt column: Int) -> String {
    var column = column
    var folded = ""
    // Several spaces in a row belong to the word after them, so that no line is empty.
    var word = ""
    func isStart(_ character: Character) -> Bool { character == " " && !word.isEmpty && word.last != " " }
    func append() {
        if column + word.utf8.count > 78, word.first == " " {
            folded += "\r\n"
            column = 0
        }
        folded += word
        column += word.utf8.count
        word = ""
    }
    for character in text {
        if isStart(character) { append() }
        word.append(character)
    }
    append()
    return folded
}

/// A body that does not change while the process runs, such as that of a file. The server keeps its bytes once, however
/// many clients are reading them.
package final class SharedBody: Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

import Foundation

/// Figures of the memory of a process, from the kernel (proc(5)).
package enum Memory {
    /// The process has ended.
    struct Unknown: Error {}

    /// Returns one figure, in KiB.
    /// - Parameters:
    ///   - field: the name of the figure, such as `VmRSS` (in use) or `VmHWM` (the peak).
    ///   - id: the process id.
    /// - Throws: An error if the process has ended.
    package static func kilobytes(_ field: String, of id: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") }
        guard let count = line.flatMap({ Int($0.filter(\.isNumber)) }) else { throw Unknown() }
        return count
    }
}

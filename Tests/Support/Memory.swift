import Foundation

/// What the kernel says of a process' memory (proc(5)).
package enum Memory {
    /// A process that is there no longer.
    struct Unknown: Error {}

    /// One figure of it, in KiB.
    /// - Parameter field: such as `VmRSS`, what is in use, or `VmHWM`, the most that was.
    /// - Throws: where the process has ended.
    package static func kilobytes(_ field: String, of id: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") }
        guard let count = line.flatMap({ Int($0.filter(\.isNumber)) }) else { throw Unknown() }
        return count
    }
}

import CVersion

/// The build that this binary comes from.
package enum Version {
    /// Version, commit and compiler, such as `1.0.0-dev (3f2a9c1d4e5b, Swift 6.3.1)`.
    package static var text: String { String(cString: postern_version()) }
}

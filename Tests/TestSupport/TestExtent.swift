import Foundation

/// How much a long test does: a bounded share by default, all of it with `REWARM_SOAK=1`.
package enum TestExtent {
    package static let isSoak = ProcessInfo.processInfo.environment["REWARM_SOAK"] == "1"

    /// `bounded` by default, `whole` with `REWARM_SOAK=1`.
    package static func count(bounded: Int, whole: Int) -> Int { isSoak ? whole : bounded }
}

import Foundation

/// Whether the whole of a test's cases is to run, and not only a bounded part of them.
enum Soak {
    static let isOn = ProcessInfo.processInfo.environment["REWARM_SOAK"] == "1"
}

package import SnapshotModel

/// The marker file of a repository: a directory without it is none (an unmounted disk is an empty directory).
package struct RepositoryMarker: Codable, Hashable, Sendable {
    /// The newest repository format that this program writes and reads.
    package static let currentFormatVersion = 1

    package var formatVersion: Int
    /// 32 random hexadecimal digits.
    package var id: String
    package var createdAt: UnixMilliseconds

    static func new(now: UnixMilliseconds) -> Self {
        let digits = (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return Self(formatVersion: currentFormatVersion, id: digits.joined(), createdAt: now)
    }
}

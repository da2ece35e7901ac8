package import Comparison
import NIOCore
package import SnapshotModel

/// A difference that a drill found, for its report.
package struct DrillDifference: Hashable, Sendable {
    package var kind: DrillDifferenceKind
    package var database: UInt32
    /// Any bytes; empty where it is not about a key.
    package var key: [UInt8]
    package var typeName: String
    /// What differs, in words.
    package var detail: String

    init(_ kind: DrillDifferenceKind, _ entry: ComparisonEntry, _ detail: String) {
        self.kind = kind
        database = entry.database
        key = Array(entry.key.readableBytesView)
        typeName = entry.typeName
        self.detail = detail
    }

    init(function name: String, _ detail: String) {
        kind = .function
        database = 0
        key = []
        typeName = ""
        self.detail = "function library '\(name)' \(detail)"
    }
}

/// What a comparison of a restored node with its archive came to.
package struct DrillFindings: Sendable {
    /// Differences beyond these are counted and not told one by one.
    static let toldCount = 10_000

    package internal(set) var counts: [DrillDifferenceKind: UInt64] = [:]
    /// The first ones of each, at most `toldCount` in all.
    package internal(set) var differences: [DrillDifference] = []
    package internal(set) var comparedKeyCount: UInt64 = 0
    /// Keys of the archive that had no life left when the drill began.
    package internal(set) var expiredKeyCount: UInt64 = 0
    /// Keys of which the value could not be compared, by type.
    package internal(set) var undecided: [String: UInt64] = [:]
    /// What the node said when it did not let keys be read, and how many keys that were.
    package internal(set) var refusals: [String: UInt64] = [:]
    /// Of keys that have a deadline on both sides, in milliseconds.
    package internal(set) var deadlineErrors = DriftDistribution()
    /// How many were off by at most so many milliseconds, parallel to `errorBounds`.
    package internal(set) var deadlineErrorCounts = Array(repeating: UInt64(0), count: Self.errorBounds.count)
    /// Lives in the node, at the instant that the deadlines were shifted from.
    package internal(set) var lifetimes = LifetimeHistogram()
    package internal(set) var types: [String: UInt64] = [:]
    package internal(set) var databases: [UInt32: UInt64] = [:]
    /// Keys whose last use was compared.
    package internal(set) var comparedAccessCount: UInt64 = 0
    package internal(set) var comparedLibraryCount = 0
    /// Keys that the node threw away for want of memory during the drill.
    package internal(set) var evictedKeyCount: UInt64 = 0
    /// What was not looked at, a sentence each.
    package internal(set) var notCompared: [String] = []

    package static let errorBounds: [Int64] = [0, 1, 2, 5, 10, 100, 1000, .max]

    init() {}

    package var differenceCount: UInt64 { counts.values.reduce(0, +) }

    mutating func add(_ difference: DrillDifference) {
        counts[difference.kind, default: 0] += 1
        // Some of every kind are told, however many there are of another.
        let share = Self.toldCount / DrillDifferenceKind.known.count
        if counts[difference.kind, default: 0] <= share { differences.append(difference) }
    }

    /// Differences that nobody can name.
    mutating func add(_ count: UInt64, _ kind: DrillDifferenceKind) {
        if count > 0 { counts[kind, default: 0] += count }
    }

    mutating func add(deadlineError milliseconds: Int64) {
        deadlineErrors.add(milliseconds)
        let magnitude = milliseconds.magnitude
        let index = Self.errorBounds.firstIndex { magnitude <= $0.magnitude } ?? Self.errorBounds.count - 1
        deadlineErrorCounts[index] += 1
    }

    /// "2 keys are missing, 1 has another value": the worst first; nil if there is none.
    var summary: String? {
        let unknown = counts.keys.filter { !DrillDifferenceKind.known.contains($0) }.sorted {
            $0.rawValue < $1.rawValue
        }
        let parts = (DrillDifferenceKind.known + unknown).compactMap { kind in
            counts[kind].map { Self.words($0, kind) }
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private static func words(_ count: UInt64, _ kind: DrillDifferenceKind) -> String {
        let isOne = count == 1
        let (keys, have) = (isOne ? "1 key" : "\(count) keys", isOne ? "has" : "have")
        switch kind {
        case .missing: return "\(keys) \(isOne ? "is" : "are") missing"
        case .extra: return "\(keys) too many"
        case .type: return "\(keys) \(have) another type"
        case .value: return "\(keys) \(have) another value"
        case .flags: return "\(keys) \(have) other client flags"
        case .deadline: return "\(keys) \(have) another deadline"
        case .fieldDeadline: return "\(keys) \(have) fields with another deadline"
        case .group:
            return "\(isOne ? "1 stream" : "\(count) streams") \(have) other consumer groups or pending entries"
        case .access: return "\(keys) \(have) other access data"
        case .function: return isOne ? "1 function library differs" : "\(count) function libraries differ"
        default: return "\(count) \(kind.rawValue)"
        }
    }
}

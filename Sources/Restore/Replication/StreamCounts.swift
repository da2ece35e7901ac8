import SnapshotModel

/// What went into an RDB stream, and what became of the records that did not.
package struct StreamCounts: Sendable {
    /// Keys; `restored` are those that were written into the stream.
    package var accounting: RestoreAccounting
    /// Function libraries, in the same classes.
    package var libraries: RestoreAccounting
    package var moduleAuxiliaryCount: UInt64 = 0
    /// Keys that were written, by the database that they go to.
    package var keyspace: LoadedKeyspace
    var sample: RestoreSample
    /// Bytes of the stream.
    package var byteCount: UInt64 = 0
    /// Blocks that were lost, as sentences; salvage only.
    package var lostBlocks: [String] = []

    init(captured: UInt64, capturedLibraries: UInt64, start: UnixMilliseconds, seed: UInt64) {
        accounting = RestoreAccounting(captured: captured)
        libraries = RestoreAccounting(captured: capturedLibraries)
        keyspace = LoadedKeyspace(start: start)
        sample = RestoreSample(seed: seed)
    }

    /// What the stream's format has no words for, by its name: "array", "hash (fieldDeadlines)".
    package var unknownTypes: [String: UInt64] {
        var unknown: [String: UInt64] = [:]
        for reasons in [accounting, libraries].compactMap({ $0.reasons[.unsupported] }) {
            for (reason, count) in reasons {
                let words = reason.split(separator: ":", maxSplits: 1).map { String($0) }
                guard words.count == 2 else { continue }
                let name = reason == RestoreReason.unknownType(words[1]).text ? words[1] : "\(words[1]) (\(words[0]))"
                unknown[name, default: 0] += count
            }
        }
        return unknown
    }

    /// Nothing of the stream arrived: what was written into it failed.
    mutating func giveUp() {
        accounting.moveRestoredToFailed()
        libraries.moveRestoredToFailed()
    }

    /// Gives each record that has no class yet its own.
    ///
    /// In a whole archive that was read to its end there can be none: then the sum is off, and says so.
    mutating func settle(isFinished: Bool, isSalvage: Bool) {
        guard !isFinished || isSalvage else { return }
        let missing = accounting.captured - min(accounting.captured, accounting.sum)
        let missingLibraries = libraries.captured - min(libraries.captured, libraries.sum)
        let reason: RestoreReason? = isFinished ? nil : .notAttempted
        accounting.add(missing, to: isFinished ? .lostBlock : .failed, because: reason)
        libraries.add(missingLibraries, to: isFinished ? .lostBlock : .failed, because: reason)
    }
}

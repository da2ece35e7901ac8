import Comparison
import NIOCore
import ObjectStorage
import RDB
import Restore
import SnapshotModel
import Transport

// What is compared once, and not key by key.

extension DrillComparison {
    /// What is in another server than the one that was restored into says nothing about the snapshot.
    func checkServer(_ info: NodeInfo) throws(DrillObstacle) {
        let advice = "see to it that the node stays up and that nobody else uses it, then run the drill again"
        if let runID = terms.runID, let found = info.runID, found != runID {
            throw DrillObstacle("\(info.address) was started anew during the drill", advice)
        }
        guard info.role == .primary else {
            throw DrillObstacle("\(info.address) became a replica during the drill", advice)
        }
    }

    // MARK: Function libraries

    mutating func compareLibraries(_ archives: DrillArchives) async throws {
        if terms.sample != nil { libraries = try await allLibraries(archives) }
        switch try await NodeLibraries.read(control) {
        case .refused(let words): findings.refusals[words, default: 0] += UInt64(libraries.count)
        case .unknown where !libraries.isEmpty:
            findings.refusals["it knows no functions", default: 0] += UInt64(libraries.count)
        case .unknown: break
        case .found(let others):
            findings.comparedLibraryCount = libraries.count
            for difference in LibraryComparison.differences(left: libraries, right: others) {
                let words =
                    switch difference.kind {
                    case .missing: "is missing"
                    case .extra: "is one too many"
                    case .changed, .drift: "has other code"
                    }
                findings.add(DrillDifference(function: difference.name, words))
            }
        }
    }

    /// A sample leaves most blocks out, and libraries are few.
    private func allLibraries(_ archives: DrillArchives) async throws -> [ByteBuffer] {
        guard access.manifest.statistics.functionLibraryCount > 0 else { return [] }
        var found: [ByteBuffer] = []
        for values in archives.withoutKeys(scope) {
            try await values.forEachBlock { found += $0.libraries }
        }
        return found
    }

    // MARK: Keys of the node

    /// Whether the node has more keys than were found in it.
    mutating func countKeys(_ archives: DrillArchives) async throws {
        let info = try await control.probe()
        try checkServer(info)
        findings.note(evictedKeyCount: info.evictedKeyCount, since: terms.evictedBefore)
        let keyspace = info.keyspace.mapValues(\.keyCount)
        guard terms.sample == nil else {
            return findings.note(nodeKeyCount: keyspace.values.reduce(0, +), restored: terms.restoredKeyCount)
        }
        for (database, count) in keyspace.sorted(by: { $0.key < $1.key })
        where count > presentCount[database] ?? 0 {
            let before = findings
            do {
                try await findExtraKeys(in: database, archives)
            } catch let error as ObjectStoreError where error.code != .corrupted && error.code != .cancelled {
                // That there are too many is known all the same.
                findings = before
                findings.add(count - (presentCount[database] ?? 0), .extra)
                findings.notCompared.append(
                    "Which keys of database \(database) are too many was not to be found out: \(error.message)."
                )
            }
        }
    }

    /// Names of both sides, sorted and merged.
    private mutating func findExtraKeys(
        in database: UInt32,
        _ archives: DrillArchives
    ) async throws {
        var options = ComparisonOptions()
        options.databases = [DatabaseMapping(source: database, destination: database)]
        let left = try await archives.names(options, scope, spillingTo: context.spillPlace)
        var right = ComparisonSide(secret: scope.secret, spillingTo: context.spillPlace)
        try await NodeNames.read(control, databases: [database], options: options, into: &right)
        var merged = try ComparisonRun(left: left, right: right)
        while let pair = try merged.next() {
            guard pair.left == nil, var extra = pair.right else { continue }
            extra.typeName = try await reader.typeName(of: extra.key, in: database)
            findings.add(DrillDifference(.extra, extra, "only in the node"))
        }
    }

    // MARK: What was left out

    mutating func noteOmissions(_ info: NodeInfo) {
        let statistics = access.manifest.statistics
        if let sample = terms.sample {
            findings.notCompared.append(
                "A random sample of \(Figures.counted(UInt64(sample.count), "key")) was compared (seed "
                    + "\(sample.seed)); of the others only the number."
            )
        }
        for (type, count) in findings.undecided.sorted(by: { $0.key < $1.key }) {
            findings.notCompared.append(
                "\(count) values of type \(type) could not be compared; they have the right name and deadline."
            )
        }
        if statistics.idleKeyCount + statistics.frequencyKeyCount > 0, findings.comparedAccessCount == 0 {
            findings.notCompared.append(
                "Access data was not compared: the node (maxmemory-policy \(info.maxmemoryPolicy ?? "unknown"), "
                    + "maxmemory \(info.maxmemory ?? 0)) does not keep what the snapshot has."
            )
        }
        if statistics.moduleAuxiliaryCount > 0 {
            findings.notCompared.append("Auxiliary data of modules was not restored: no command does that.")
        }
    }
}

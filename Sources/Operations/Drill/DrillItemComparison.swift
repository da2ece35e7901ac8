import Comparison
import Memcached
import NIOCore
import ObjectStorage
import RDB
import SnapshotModel
import Transport

/// Compares a restored Memcached node with the archive that it was restored from, item by item.
///
/// As ``DrillComparison``: the archive leads, the node is read by `mg` as clients do, and names of both sides are merged
/// only where the node has more items than were found.
struct DrillItemComparison {
    /// Memcached counts seconds: a deadline that is rounded differently is off by one.
    private static let granularityMilliseconds: Int64 = 1000

    private let access: SnapshotAccess
    private let context: OperationContext
    private let terms: DrillComparison.Terms
    private let control: MemcachedConnection
    private let node: ConnectionOptions
    private var reader: ItemReader
    private let judge: DrillJudge
    private var findings = DrillFindings()
    private var presentCount: UInt64 = 0
    private var secondLooks = SecondLooks()
    private var handledCount: UInt64 = 0

    /// Runs the comparison over two connections of its own.
    static func run(
        _ access: SnapshotAccess,
        _ connection: ConnectionOptions,
        _ terms: DrillComparison.Terms,
        _ context: OperationContext
    ) async throws -> DrillFindings {
        let control = try await MemcachedConnection.connect(connection)
        do {
            let values = try await MemcachedConnection.connect(connection)
            do {
                var comparison = Self(access, values, control, connection, terms, context)
                try await comparison.compare()
                await values.close()
                await control.close()
                return comparison.findings
            } catch {
                await values.close()
                throw error
            }
        } catch {
            await control.close()
            throw error
        }
    }

    private init(
        _ access: SnapshotAccess,
        _ values: MemcachedConnection,
        _ control: MemcachedConnection,
        _ node: ConnectionOptions,
        _ terms: DrillComparison.Terms,
        _ context: OperationContext
    ) {
        (self.access, self.control, self.node, self.terms, self.context) = (access, control, node, terms, context)
        // What had no life left when the drill began is not there.
        let gone = terms.restoredFrom.advanced(byMilliseconds: -terms.shiftMilliseconds)
        reader = ItemReader(values, scope: ValueFingerprinter.Scope(expiredBy: gone))
        judge = DrillJudge(
            shiftMilliseconds: terms.shiftMilliseconds,
            toleranceMilliseconds: max(terms.toleranceMilliseconds, Self.granularityMilliseconds),
            access: .none,
            frequenciesDecay: false,
            restoredFrom: terms.restoredFrom
        )
    }

    private mutating func compare() async throws {
        try checkServer(try await control.stats())
        let archives = try await DrillArchives.open(access, terms.sample)
        do {
            for values in archives.values(reader.scope) {
                // The closure cannot hold `self` and change it at once.
                var comparison = self
                try await values.forEachBlock { try await comparison.compare($0.values, of: values) }
                self = comparison
            }
            try await countItems(archives)
        } catch {
            await archives.close()
            throw error
        }
        await archives.close()
        noteOmissions()
    }

    // MARK: Items

    private mutating func compare(_ all: [ArchivedValue], of archive: ArchivedValues) async throws {
        let alive = try await findings.alive(
            all,
            at: reader.scope.expiredBy ?? terms.restoredFrom,
            of: archive,
            reader.scope
        )
        let readings = try await reader.read(alive.map(\.entry.key))
        let now = try await reader.time()
        for (value, reading) in zip(alive, readings) { try await note(value, reading, of: archive, now: now) }
        handledCount += UInt64(all.count)
        context.progress(
            OperationProgress(comparing: access.manifest, completedKeyCount: handledCount, of: terms.sample)
        )
    }

    private mutating func note(
        _ value: ArchivedValue,
        _ reading: NodeKeyReading,
        of archive: ArchivedValues,
        now: UnixMilliseconds
    ) async throws {
        let verdict = judge.judge(value, reading, now: now)
        findings.note(verdict, of: value.entry)
        if reading.state == .present {
            presentCount += 1
            findings.notePresence(
                of: value.entry,
                reading,
                shiftMilliseconds: terms.shiftMilliseconds,
                instant: access.manifest.instant
            )
        }
        for (kind, detail) in zip(verdict.kinds, verdict.details) {
            let words = detail.isEmpty ? try await lookAgain(value, of: archive) : detail
            findings.add(DrillDifference(kind, value.entry, words))
        }
    }

    /// Tells what differs of a value, byte by byte.
    private mutating func lookAgain(_ value: ArchivedValue, of archive: ArchivedValues) async throws -> String {
        guard secondLooks.allow(bodyByteCount: value.bodyByteCount),
            let own = try await archive.elements(of: value.entry),
            let other = try await reader.elements(of: value.entry.key),
            let difference = ElementDifference(left: own, right: other, of: .string)
        else { return "its digest differs" }
        return difference.words
    }

    // MARK: The whole

    /// What another server holds says nothing about the snapshot.
    private func checkServer(_ stats: MemcachedStats) throws(DrillObstacle) {
        guard let runID = terms.runID, let found = stats.runID, found != runID else { return }
        throw DrillObstacle(
            "\(control.address) was started anew during the drill",
            "see to it that the node stays up and that nobody else uses it, then run the drill again"
        )
    }

    private mutating func countItems(_ archives: DrillArchives) async throws {
        let stats = try await control.stats()
        try checkServer(stats)
        findings.note(evictedKeyCount: stats.evictionCount, since: terms.evictedBefore)
        let count = stats.itemCount ?? 0
        guard terms.sample == nil else {
            return findings.note(nodeKeyCount: count, restored: terms.restoredKeyCount)
        }
        if count > presentCount { try await findExtraItems(archives) }
    }

    /// Names of both sides, sorted and merged.
    private mutating func findExtraItems(_ archives: DrillArchives) async throws {
        let options = ComparisonOptions()
        let left = try await archives.names(options, reader.scope, spillingTo: context.spillPlace)
        var right = ComparisonSide(secret: reader.scope.secret, spillingTo: context.spillPlace)
        try await ItemNames.read(node, options: options, into: &right, spillingTo: context.spillPlace)
        var merged = try ComparisonRun(left: left, right: right)
        while let pair = try merged.next() {
            guard pair.left == nil, var extra = pair.right else { continue }
            extra.typeName = MemcachedItem.typeName
            findings.add(DrillDifference(.extra, extra, "only in the node"))
        }
    }

    // MARK: What was left out

    private mutating func noteOmissions() {
        if let sample = terms.sample {
            findings.notCompared.append(
                "A random sample of \(sample.count) items was compared (seed \(sample.seed)); of the others only the number."
            )
        }
        findings.notCompared.append(
            "Last access, CAS and the fetched flag were not compared: a restore makes the first anew, and the others as far "
                + "as the server lets it."
        )
    }
}
